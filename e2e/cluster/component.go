package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"berth.dev/e2e/process"
)

// Component is one program of the control plane, which can be stopped, killed, frozen and started again
// under the eyes of its clients: it keeps its address, its certificates and (etcd) its data.
// Safe for concurrent use.
type Component struct {
	spec    process.Spec
	ready   func(context.Context) error // one try; nil = ready
	started func() error                // called with each new process, before it is ready

	starting sync.Mutex                      // one Start at a time
	process  atomic.Pointer[process.Process] // nil before the first start
}

// stopGrace is how long a component may take to end by itself.
const stopGrace = 5 * time.Second

// Name returns the name of the program, which is also that of its log file.
func (m *Component) Name() string { return m.spec.Name }

// Start runs the program if it does not run, and waits until it is ready or the context ends. If it ends
// while starting, that is reported at once with the end of its log.
func (m *Component) Start(ctx context.Context) error {
	m.starting.Lock()
	defer m.starting.Unlock()
	p := m.process.Load()
	if p == nil || !p.Alive() {
		var err error
		if p, err = process.Start(m.spec); err != nil {
			return err
		}
		m.process.Store(p)
		if err := m.started(); err != nil {
			return err
		}
	}
	return awaitReady(ctx, p, m.ready)
}

// Stop asks the program to end (SIGTERM) and kills it if it takes longer than five seconds: the API server
// waits for its open watches. It returns when the program is gone, and what Stop then means to a client is
// not the same each time; use Kill where it matters.
func (m *Component) Stop() error {
	p := m.Process()
	if p == nil {
		return nil
	}
	if err := p.Stop(stopGrace); err != nil && p.Alive() {
		return err
	}
	return nil
}

// Kill ends the program at once (SIGKILL).
func (m *Component) Kill() error {
	if p := m.Process(); p != nil {
		return p.Kill()
	}
	return nil
}

// Restart kills the program and starts it again.
func (m *Component) Restart(ctx context.Context) error {
	if err := m.Kill(); err != nil {
		return err
	}
	return m.Start(ctx)
}

// Pause freezes the program; connections stay open and nothing is answered.
func (m *Component) Pause() error {
	if p := m.Process(); p != nil {
		return p.Pause()
	}
	return nil
}

// Resume lets a frozen program run on.
func (m *Component) Resume() error {
	if p := m.Process(); p != nil {
		return p.Resume()
	}
	return nil
}

// Ready returns nil if the program runs and says that it is ready.
func (m *Component) Ready(ctx context.Context) error {
	p := m.Process()
	if p == nil {
		return fmt.Errorf("%s does not run", m.spec.Name)
	}
	if !p.Alive() {
		return fmt.Errorf("%s does not run any more", m.spec.Name)
	}
	return m.ready(ctx)
}

// Process returns the process that runs now or ran last; nil before the first start.
func (m *Component) Process() *process.Process { return m.process.Load() }

// awaitReady asks until ready says yes, the process ends, or the context does.
func awaitReady(ctx context.Context, p *process.Process, ready func(context.Context) error) error {
	began := time.Now()
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := ready(try)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %.1f s (%w): %w; the end of %s:\n%s", p.Name(),
				time.Since(began).Seconds(), ctx.Err(), err, p.Log(), p.Tail(15))
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// answersOK asks an HTTP endpoint for status 200, on a connection of its own.
func answersOK(ctx context.Context, tlsConfig *tls.Config, url string) error {
	transport := &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: nobody listens yet", url)
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	return fmt.Errorf("%s answers %s: %s", url, response.Status, failedChecks(string(body)))
}

// failedChecks leaves out the checks that passed ("[+]ping ok") from what /readyz says.
func failedChecks(body string) string {
	var failed []string
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "[+]") && strings.TrimSpace(line) != "" {
			failed = append(failed, strings.TrimSpace(line))
		}
	}
	return strings.Join(failed, "; ")
}

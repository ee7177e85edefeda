package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"berth.dev/e2e/process"
)

// This file is about control planes that outlive the command that started them.

// state is what a later command needs to know, kept in Dir/state.json.
type state struct {
	Key       string                    `json:"key"` // Binaries.Key of the programs that run
	Options   Options                   `json:"options"`
	Ports     ports                     `json:"ports"`
	Processes map[string]process.Handle `json:"processes"`
}

// Files in Dir.
const (
	stateFile         = "state.json"
	managerKubeconfig = "pki/kube-controller-manager.kubeconfig"
)

// ErrNotRunning is returned by Open for a folder in which there is no control plane.
var ErrNotRunning = errors.New("no control plane has been started here")

// Open finds the control plane again that was started in dir, by whomever. It does not ask whether all its
// parts are alive: see Healthy.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	known, err := readState(dir)
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	binaries := recipe{key: known.Key}.in(filepath.Join(cache, "control-plane"))
	c := &Cluster{dir: dir, options: known.Options, binaries: binaries, ports: known.Ports}
	c.define()
	for _, component := range c.components() {
		component.Adopt(known.Processes[component.Name()])
		delete(known.Processes, component.Name())
	}
	c.strays = map[string]*process.Process{}
	for name, handle := range known.Processes { // API servers that were added, programs that were kept
		if p, alive := process.Attach(name, c.logPath(name), handle); alive {
			c.strays[name] = p
		}
	}
	return c, nil
}

// Keep makes a program part of the control plane, for commands that leave it running: from now on Stop and
// Down end it, too. Call it before the program is started. If an earlier command has kept one of the same
// name that still runs, the service looks after that one, and the result is true.
func (c *Cluster) Keep(service *process.Service) (running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if stray, known := c.strays[service.Name()]; known {
		running = service.Adopt(stray.Handle())
		delete(c.strays, service.Name())
	}
	service.Started = c.writeState
	c.kept = append(c.kept, service)
	return running
}

// Up makes sure that a control plane runs in options.Dir: one that is healthy, of the present version and
// started with the same options is returned as it is; anything else is ended and started again with the
// data it had. The second result tells whether it was started now.
func Up(ctx context.Context, options Options) (c *Cluster, started bool, err error) {
	if options.Dir == "" {
		return nil, false, errors.New("Up needs a folder")
	}
	if options.Log == nil {
		options.Log = os.Stderr
	}
	unlock, err := lockDir(ctx, options.Dir, options.Log)
	if err != nil {
		return nil, false, err
	}
	defer unlock()
	binaries, err := EnsureBinaries(ctx, options.Log)
	if err != nil {
		return nil, false, err
	}
	c, err = Open(options.Dir)
	switch {
	case errors.Is(err, ErrNotRunning):
	case err != nil:
		return nil, false, err
	default:
		reason := c.Healthy(ctx)
		if reason == nil && c.binaries.Key != binaries.Key {
			reason = fmt.Errorf("it runs %s", c.binaries.Key)
		}
		if reason == nil && !sameOptions(c.options, options) {
			reason = errors.New("it was started with other options")
		}
		if reason == nil {
			return c, false, nil
		}
		fmt.Fprintf(options.Log, "starting the control plane again: %v\n", reason)
		if err := c.kill(); err != nil {
			return nil, false, err
		}
		if options.BasePort != c.options.BasePort {
			if err := os.Remove(c.path(stateFile)); err != nil { // forgets the ports, keeps the data
				return nil, false, err
			}
		}
	}
	if c, err = Start(ctx, options); err != nil {
		return nil, false, fmt.Errorf("%w\nto begin afresh, without the data: down", err)
	}
	return c, true, nil
}

// Down ends the control plane in dir and removes its data. Files in dir that are not its own stay.
// A control plane that does not exist is down already.
func Down(ctx context.Context, dir string) error {
	unlock, err := lockDir(ctx, dir, os.Stderr)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := Open(dir)
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.kill(); err != nil {
		return err
	}
	return c.removeData()
}

// DefaultDir returns the folder in which cmd/cluster works unless told otherwise: $BERTH_STATE/cluster, by
// default ~/.cache/berth/run/cluster.
func DefaultDir() (string, error) {
	if dir := os.Getenv("BERTH_STATE"); dir != "" {
		return filepath.Abs(filepath.Join(dir, "cluster"))
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "run", "cluster"), nil
}

// removeData removes what we have put into dir, and dir itself if nothing else is in it.
func (c *Cluster) removeData() error {
	for _, own := range []string{"etcd", "pki", "logs", "programs", "kubeconfig", "audit-policy.yaml", stateFile} {
		if err := os.RemoveAll(c.path(own)); err != nil {
			return err
		}
	}
	_ = os.Remove(c.dir) // fails, rightly, if it is not empty
	return nil
}

func (c *Cluster) writeState() error {
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	known := state{Key: c.binaries.Key, Options: c.options, Ports: c.ports, Processes: map[string]process.Handle{}}
	services := c.components()
	c.mu.Lock()
	services = append(services, c.kept...)
	for name, stray := range c.strays {
		known.Processes[name] = stray.Handle()
	}
	c.mu.Unlock()
	for _, service := range services {
		if p := service.Process(); p != nil {
			known.Processes[service.Name()] = p.Handle()
		}
	}
	text, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	temporary := c.path(stateFile + ".new")
	if err := os.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, c.path(stateFile))
}

func readState(dir string) (state, error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return state{}, ErrNotRunning
	}
	if err != nil {
		return state{}, err
	}
	var known state
	if err := json.Unmarshal(text, &known); err != nil {
		return state{}, fmt.Errorf("%s: %w", filepath.Join(dir, stateFile), err)
	}
	return known, nil
}

// sameOptions compares what is kept of options.
func sameOptions(a, b Options) bool {
	left, errLeft := json.Marshal(a)
	right, errRight := json.Marshal(b)
	return errLeft == nil && errRight == nil && string(left) == string(right)
}

// lockDir lets one command at a time work on a folder. The lock lies beside it: Down removes the folder.
func lockDir(ctx context.Context, dir string, log io.Writer) (unlock func(), err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	return lock(ctx, dir+".lock", func() {
		fmt.Fprintf(log, "waiting for another command that works on %s\n", dir)
	})
}

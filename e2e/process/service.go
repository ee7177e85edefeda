package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Service is a program that can be stopped, killed, frozen and started again under the eyes of its
// clients, always with the same arguments, and that can be asked whether it is ready to serve.
// Safe for concurrent use. Set the exported fields before the first start.
type Service struct {
	Spec  Spec
	Ready func(context.Context) error // asks once; nil = ready to serve. Must be set.

	// Started, if set, is called with every new process before anybody waits for it.
	Started func() error

	// Grace is how long the program may take to end by itself when stopped. 0: ten seconds.
	Grace time.Duration

	// Timeout is how long Start waits. 0: 60 seconds.
	Timeout time.Duration

	starting sync.Mutex              // one Start at a time
	process  atomic.Pointer[Process] // nil before the first start
}

// ErrKilled is what Stop returns if the program did not end by itself.
var ErrKilled = errors.New("had to be killed")

// Name returns the name of the program.
func (s *Service) Name() string { return s.Spec.Name }

// Launch runs the program if it does not run, and does not wait for anything.
func (s *Service) Launch() error {
	s.starting.Lock()
	defer s.starting.Unlock()
	if p := s.Process(); p != nil && p.Alive() {
		return nil
	}
	p, err := Start(s.Spec)
	if err != nil {
		return err
	}
	s.process.Store(p)
	if s.Started != nil {
		return s.Started()
	}
	return nil
}

// Start runs the program if it does not run, and waits until it is ready. If it ends while starting, that
// is reported at once, with the end of its log.
func (s *Service) Start(ctx context.Context) error {
	if err := s.Launch(); err != nil {
		return err
	}
	return s.Await(ctx)
}

// Await waits until the program, which has been started, is ready.
func (s *Service) Await(ctx context.Context) error {
	p := s.Process()
	if p == nil {
		return fmt.Errorf("%s does not run", s.Spec.Name)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, orDefault(s.Timeout, time.Minute))
	defer cancel()
	var missing error
	for {
		try, done := context.WithTimeout(ctx, 2*time.Second)
		err := s.Ready(try)
		done()
		if err == nil {
			return nil
		}
		if missing == nil || ctx.Err() == nil { // what says more than that the time is up
			missing = err
		}
		select {
		case <-p.Done():
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %.1f s: %w; the end of %s:\n%s", p.Name(),
				time.Since(began).Seconds(), missing, p.Log(), p.Tail(15))
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// Check returns nil if the program runs and says that it is ready.
func (s *Service) Check(ctx context.Context) error {
	p := s.Process()
	if p == nil {
		return fmt.Errorf("%s does not run", s.Spec.Name)
	}
	if !p.Alive() {
		return fmt.Errorf("%s has ended", s.Spec.Name)
	}
	return s.Ready(ctx)
}

// Stop asks the program to end (SIGTERM) and returns when it is gone. If it takes longer than Grace it is
// killed, and the error is ErrKilled.
func (s *Service) Stop() error {
	if p := s.Process(); p != nil {
		return p.Stop(orDefault(s.Grace, 10*time.Second))
	}
	return nil
}

// Kill ends the program at once (SIGKILL) and returns when it is gone.
func (s *Service) Kill() error {
	if p := s.Process(); p != nil {
		return p.Kill()
	}
	return nil
}

// Restart kills the program, starts it again and waits until it is ready.
func (s *Service) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Pause freezes the program (SIGSTOP): connections stay open and nothing is answered.
func (s *Service) Pause() error {
	if p := s.Process(); p != nil {
		return p.Pause()
	}
	return nil
}

// Resume lets a frozen program run on.
func (s *Service) Resume() error {
	if p := s.Process(); p != nil {
		return p.Resume()
	}
	return nil
}

// Process returns the process that runs now or ran last; nil before the first start.
func (s *Service) Process() *Process { return s.process.Load() }

// Adopt makes the service look after a process that an earlier command left running. It returns false if
// that is gone.
func (s *Service) Adopt(handle Handle) bool {
	p, alive := Attach(s.Spec.Name, s.Spec.Log, handle)
	if alive {
		s.process.Store(p)
	}
	return alive
}

// Usage returns what the program costs now.
func (s *Service) Usage() (Usage, error) {
	if p := s.Process(); p != nil {
		return p.Usage()
	}
	return Usage{}, fmt.Errorf("%s does not run", s.Spec.Name)
}

func orDefault(value, otherwise time.Duration) time.Duration {
	if value == 0 {
		return otherwise
	}
	return value
}

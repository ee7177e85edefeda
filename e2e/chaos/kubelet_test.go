package chaos

import (
	"strings"
	"sync"
	"testing"

	"berth.dev/e2e/programs"
)

// kubelet starts a program again whenever it has ended, as a node does. A program may be killed, and one
// that has lost its lease ends with status 1; any other end fails the test.
type kubelet struct {
	program   *programs.Program
	mayGiveUp bool // losing the lease is part of the test

	mu     sync.Mutex
	ended  bool
	Killed int
	GaveUp int
}

// keepRunning starts a program and looks after it until the test ends.
func keepRunning(t *testing.T, program *programs.Program, mayGiveUp bool) *kubelet {
	t.Helper()
	if err := program.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := &kubelet{program: program, mayGiveUp: mayGiveUp}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for k.again(t) {
		}
	}()
	program.EndWith(t)
	t.Cleanup(func() { // before EndWith kills it
		k.mu.Lock()
		k.ended = true
		k.mu.Unlock()
		_ = program.Kill()
		<-done
	})
	return k
}

// again waits for the end of the program and starts it anew; false when the test is over.
func (k *kubelet) again(t *testing.T) bool {
	process := k.program.Process()
	<-process.Done()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return false
	}
	how := process.Err().Error()
	switch {
	case strings.Contains(how, "signal: killed"):
		k.Killed++
	case strings.Contains(how, "exit status 1)") && k.mayGiveUp:
		k.GaveUp++
	default:
		t.Errorf("it ended by itself: %s", how)
	}
	if err := k.program.Launch(); err != nil {
		t.Errorf("start %s again: %v", k.program.Name(), err)
		return false
	}
	return true
}

// counts tells how often the program was killed and how often it gave up its lease.
func (k *kubelet) counts() (killed, gaveUp int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Killed, k.GaveUp
}

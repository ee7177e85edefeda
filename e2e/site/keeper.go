package site

import (
	"strings"
	"sync"
	"testing"

	"berth.dev/e2e/programs"
)

// Keeper starts a program again whenever it has ended, as a node does. The program may be killed; if it may give up,
// it may also end with status 1, as one that has lost its lease does. Any other end fails the test.
type Keeper struct {
	*programs.Program
	mayGiveUp bool
	done      chan struct{} // closed when it is not kept any more

	mu     sync.Mutex
	ended  bool
	killed int
	gaveUp int
}

// Keep starts a program and looks after it until the test ends.
func Keep(t testing.TB, program *programs.Program, mayGiveUp bool) *Keeper {
	t.Helper()
	if err := program.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := &Keeper{Program: program, mayGiveUp: mayGiveUp, done: make(chan struct{})}
	go func() {
		defer close(k.done)
		for k.again(t) {
		}
	}()
	program.EndWith(t)
	t.Cleanup(func() { // before EndWith kills it
		k.release()
		_ = program.Kill()
		<-k.done
	})
	return k
}

// End stops the program for good, in peace: it gives its lease back.
func (k *Keeper) End() {
	k.release()
	_ = k.Stop()
	<-k.done
}

func (k *Keeper) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
}

// again waits for the end of the program and starts it anew; false when nobody wants that any more.
func (k *Keeper) again(t testing.TB) bool {
	process := k.Process()
	<-process.Done()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return false
	}
	how := process.Err().Error()
	switch {
	case strings.Contains(how, "signal: killed"):
		k.killed++
	case strings.Contains(how, "exit status 1)") && k.mayGiveUp:
		k.gaveUp++
	default:
		t.Errorf("%s ended by itself: %s", k.Name(), how)
	}
	if err := k.Launch(); err != nil {
		t.Errorf("start %s again: %v", k.Name(), err)
		return false
	}
	return true
}

// Counts tells how often the program was killed and how often it gave up its lease.
func (k *Keeper) Counts() (killed, gaveUp int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.killed, k.gaveUp
}

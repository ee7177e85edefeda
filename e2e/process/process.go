// Package process runs the programs that the end-to-end tests are about, and looks after them: etcd, the
// API server, the operator, the webhook.
//
// It is os/exec plus what such tests need: output goes to a file, a process dies with the test that
// started it (or, if asked, outlives the command that started it), it can be killed and paused in the
// middle of its work, its memory and CPU time can be read, and it can be found again by a later command
// without mistaking a stranger for it that has inherited its process id.
//
// It does not know what the programs do: when one is ready is for the caller to find out.
// All functions and methods are safe for concurrent use. Linux only.
package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec says what to run.
type Spec struct {
	Name string   // for messages, e.g. "kube-apiserver"
	Path string   // the executable
	Args []string // without the program name
	Env  []string // KEY=VALUE, added to the environment of the caller
	Log  string   // file that receives stdout and stderr, appended to; its folder is created

	// Detached processes get a session of their own and outlive the caller. All others are killed by the
	// kernel as soon as the caller is gone, however it went.
	Detached bool
}

// Handle names one process for good: the process id alone may be given to another program later.
// The zero Handle names none.
type Handle struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // start time in clock ticks since boot, field 22 of /proc/PID/stat
}

// Process is a program that was started here (Start) or found again (Attach).
type Process struct {
	name   string
	log    string
	handle Handle
	done   chan struct{} // closed when the process is gone
	state  string        // how it ended; written before done is closed
}

// Start runs the program. It returns as soon as the kernel has it; whether it stays alive is for the
// caller to watch (Done).
func Start(spec Spec) (*Process, error) {
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: spec.Detached}
	if !spec.Detached {
		// A process group of its own keeps Ctrl-C of a terminal away: the test decides in which order
		// things stop, and the kernel cleans up behind it if it does not come to that.
		cmd.SysProcAttr.Setpgid = true
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	if spec.Log != "" {
		if err := os.MkdirAll(filepath.Dir(spec.Log), 0o755); err != nil {
			return nil, err
		}
		file, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		cmd.Stdout, cmd.Stderr = file, file
	}
	if err := onLastingThread(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	p := &Process{name: spec.Name, log: spec.Log, done: make(chan struct{})}
	p.handle.PID = cmd.Process.Pid
	// The child cannot be reaped before Wait below: its entry is there even if it has already ended.
	if stat, err := readStat(p.handle.PID); err == nil {
		p.handle.Start = stat.start
	}
	go func() {
		_ = cmd.Wait() // the state says more than the error
		p.state = cmd.ProcessState.String()
		close(p.done)
	}()
	return p, nil
}

// Attach finds a process again that an earlier command left running. The second result is false if it is
// gone. Name and log are as in Spec.
func Attach(name, log string, handle Handle) (*Process, bool) {
	if !handle.Alive() {
		return nil, false
	}
	p := &Process{name: name, log: log, handle: handle, done: make(chan struct{})}
	go func() {
		for handle.Alive() {
			time.Sleep(20 * time.Millisecond)
		}
		p.state = "gone"
		close(p.done)
	}()
	return p, true
}

// Alive tells whether exactly this process still runs. A zombie does not: in a container nobody may be
// there to reap what a finished command left behind.
func (h Handle) Alive() bool {
	if h.PID <= 0 {
		return false
	}
	stat, err := readStat(h.PID)
	return err == nil && stat.start == h.Start && stat.state != 'Z' && stat.state != 'X'
}

// Handle returns what Attach takes.
func (p *Process) Handle() Handle { return p.handle }

// PID returns the process id.
func (p *Process) PID() int { return p.handle.PID }

// Name returns the name given in Spec.
func (p *Process) Name() string { return p.name }

// Log returns the path of the log file.
func (p *Process) Log() string { return p.log }

// Done is closed when the process is gone.
func (p *Process) Done() <-chan struct{} { return p.done }

// Alive tells whether the process still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return p.handle.Alive()
	}
}

// Err returns nil while the process runs. Afterwards it tells how the process ended and what it had to
// say last: meant for start-up loops.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s has ended (%s); the end of %s:\n%s", p.name, p.state, p.log, p.Tail(15))
	default:
		return nil
	}
}

// State tells how the process ended, as os.ProcessState does: "exit status 0". While it runs it is "".
func (p *Process) State() string {
	select {
	case <-p.done:
		return p.state
	default:
		return ""
	}
}

// Signal sends a signal. A process that is gone already is no error.
func (p *Process) Signal(sig syscall.Signal) error {
	if !p.Alive() {
		return nil
	}
	if err := syscall.Kill(p.handle.PID, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s to %s: %w", sig, p.name, err)
	}
	return nil
}

// Stop asks the process to end (SIGTERM), waits at most grace and then kills it. It returns when the
// process is gone, and an error if it had to be killed.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.Resume(); err != nil { // a paused one would never see it
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s %w: it did not end within %s of SIGTERM", p.name, ErrKilled, grace)
}

// Kill ends the process at once (SIGKILL, which also ends a paused one) and returns when it is gone.
func (p *Process) Kill() error {
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Pause freezes the process (SIGSTOP): its sockets stay open, it answers nothing. It returns when the last
// thread stands still, which is a while after the signal was sent.
func (p *Process) Pause() error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for began := time.Now(); p.Alive(); time.Sleep(time.Millisecond) {
		states, err := threadStates(p.handle.PID)
		if err == nil && strings.Trim(states, "TtZX") == "" {
			return nil
		}
		if time.Since(began) > 10*time.Second {
			return fmt.Errorf("%s does not stop: its threads are %q, %v", p.name, states, err)
		}
	}
	return fmt.Errorf("%s has ended before it stopped", p.name)
}

// Resume lets a paused process run on.
func (p *Process) Resume() error { return p.Signal(syscall.SIGCONT) }

// Tail returns the last lines of the log, or the reason why there are none.
func (p *Process) Tail(lines int) string { return Tail(p.log, lines) }

// Tail returns the last lines of a file, or the reason why there are none.
func Tail(path string, lines int) string {
	const most = 64 << 10 // bytes; more would help nobody
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > most {
		_, _ = file.Seek(-most, io.SeekEnd)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// LimitOpenFiles sets how many files and sockets the process may have open from now on. Those it has stay
// open.
func (p *Process) LimitOpenFiles(most uint64) error {
	return unix.Prlimit(p.handle.PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: most, Max: most}, nil)
}

// onLastingThread runs f on one thread that never ends. The kernel sends the parent-death signal when the
// *thread* that forked is gone, and Go gives no promise about the lives of its other threads.
func onLastingThread(f func() error) error {
	result := make(chan error, 1)
	forks() <- func() { result <- f() }
	return <-result
}

var forks = sync.OnceValue(func() chan func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

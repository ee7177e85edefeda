package process_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/process"
)

// Some tests start this binary again as the caller that goes away.
const asCaller = "BERTH_TEST_CALLER"

func TestMain(m *testing.M) {
	switch os.Getenv(asCaller) {
	case "":
		os.Exit(m.Run())
	default:
		p, err := process.Start(process.Spec{
			Name: "sleep", Path: "/bin/sleep", Args: []string{"300"},
			Detached: os.Getenv(asCaller) == "detached",
		})
		if err != nil {
			panic(err)
		}
		fmt.Println(p.Handle().PID, p.Handle().Start)
		select {} // until it is killed
	}
}

func gone(t *testing.T, handle process.Handle) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); handle.Alive(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it still runs")
		}
	}
}

func TestChildrenDieWithACallerThatIsKilledUnlessTheyAreDetached(t *testing.T) {
	for _, kind := range []string{"bound", "detached"} {
		t.Run(kind, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			caller := exec.Command(self)
			caller.Env = append(os.Environ(), asCaller+"="+kind)
			output, err := caller.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := caller.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(output).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			var handle process.Handle
			if _, err := fmt.Sscan(line, &handle.PID, &handle.Start); err != nil || !handle.Alive() {
				t.Fatalf("%q: %v", line, err)
			}
			_ = caller.Process.Kill()
			_ = caller.Wait()
			if kind == "bound" {
				gone(t, handle)
				return
			}
			p, alive := process.Attach("sleep", "", handle)
			if !alive {
				t.Fatal("it went with its caller")
			}
			if err := p.Kill(); err != nil {
				t.Fatal(err)
			}
			gone(t, handle)
		})
	}
}

func TestAHandleDoesNotFitAnotherProcessWithTheSameID(t *testing.T) {
	p, err := process.Start(process.Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"300"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	other := p.Handle()
	other.Start--
	if _, alive := process.Attach("sleep", "", other); alive || !p.Handle().Alive() {
		t.Error("mistaken for one that was started earlier")
	}
	if (process.Handle{}).Alive() {
		t.Error("the zero handle is alive")
	}
}

func TestOutputAndEndAreReported(t *testing.T) {
	log := filepath.Join(t.TempDir(), "new", "folder", "log")
	p, err := process.Start(process.Spec{
		Name: "shell", Path: "/bin/sh", Args: []string{"-c", `echo "$GREETING"; echo error >&2; exit 7`},
		Env: []string{"GREETING=hello"}, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if err := p.Err(); !strings.Contains(err.Error(), "exit status 7") || !strings.HasSuffix(err.Error(), "hello\nerror") {
		t.Error(err)
	}
	if got := process.Tail(log, 1); got != "error" {
		t.Errorf("the last line is %q", got)
	}
	// Signals to a process that has ended are no errors.
	if err := p.Stop(time.Second); err != nil {
		t.Error(err)
	}
}

func TestFreePortsAreDifferentAndStayReserved(t *testing.T) {
	seen := map[int]bool{}
	for range 20 {
		ports, err := process.FreePorts(10)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range ports {
			if seen[port] || port < 10000 || port > 23999 {
				t.Fatalf("port %d", port)
			}
			seen[port] = true
			listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
			if err != nil {
				t.Fatal(err)
			}
			listener.Close()
		}
	}
}

func TestOpenFilesCanBeLimited(t *testing.T) {
	p, err := process.Start(process.Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"300"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if err := p.LimitOpenFiles(17); err != nil {
		t.Fatal(err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "Max open files") && fields[3] != "17" {
			t.Error(line)
		}
	}
}

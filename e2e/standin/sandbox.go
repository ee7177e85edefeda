package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sandboxVariable names the file with the sandbox that this program shall become, when it was started for that.
const sandboxVariable = "BERTH_STANDIN_SANDBOX"

// sandbox is what a container is started in.
type sandbox struct {
	Root     string   `json:"root"`   // read-only, shared by all
	Merged   string   `json:"merged"` // an empty folder, to become the root of this container
	Go       string   `json:"go"`     // a FIFO: opened by the parent when the network is there
	Mounts   []mount  `json:"mounts"`
	User     int      `json:"user"`
	Group    int      `json:"group"`
	ReadOnly bool     `json:"readOnly"`
	Hostname string   `json:"hostname"`
	Command  []string `json:"command"`
	Env      []string `json:"env"`
	WorkDir  string   `json:"workDir"`
}

type mount struct {
	From     string `json:"from"`
	To       string `json:"to"`
	ReadOnly bool   `json:"readOnly"`
}

// The node starts its own program once more for each container: namespaces, mounts and users are changed from inside,
// between fork and exec. Initialization runs on the main thread, whose namespaces are those that /proc/PID/ns shows.
func init() {
	file := os.Getenv(sandboxVariable)
	if file == "" {
		return
	}
	err := enter(file)
	fmt.Fprintln(os.Stderr, "the container could not be started:", err)
	os.Exit(127)
}

// enter becomes the container. It returns only if that fails.
func enter(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s sandbox
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	parent := os.Getppid()
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return fmt.Errorf("sethostname: %w", err)
	}
	if err := s.mountAll(); err != nil {
		return err
	}
	if _, err := os.ReadFile(s.Go); err != nil { // blocks until the parent has opened and closed it
		return err
	}
	if err := unix.Chroot(s.Merged); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.Chdir(s.WorkDir); err != nil {
		return err
	}
	return s.exec(parent)
}

// mountAll makes the root file system at Merged.
func (s sandbox) mountAll() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	// A layer of its own over the shared one, in memory: for the mount points.
	if err := unix.Mount("tmpfs", s.Merged, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	upper, work, root := filepath.Join(s.Merged, "upper"), filepath.Join(s.Merged, "work"), filepath.Join(s.Merged, "root")
	for _, dir := range []string{upper, work, root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	options := "lowerdir=" + s.Root + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount overlay %s: %w", options, err)
	}
	mounts := append([]mount{{"/proc", "/proc", false}, {"/dev/null", "/dev/null", false}, {"/dev/zero", "/dev/zero", false},
		{"/dev/urandom", "/dev/urandom", false}, {"/dev/random", "/dev/random", false}}, s.Mounts...)
	for _, one := range mounts {
		if err := one.bind(root); err != nil {
			return fmt.Errorf("mount %s: %w", one.To, err)
		}
	}
	if s.ReadOnly {
		if err := unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("make the root read-only: %w", err)
		}
	}
	return unix.Mount(root, s.Merged, "", unix.MS_BIND|unix.MS_REC, "") // hides the layers
}

func (m mount) bind(root string) error {
	to := filepath.Join(root, m.To)
	info, err := os.Stat(m.From)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(to, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(m.From, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if m.ReadOnly {
		return unix.Mount("", to, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	}
	return nil
}

// exec gives up everything that root has, and becomes the program.
func (s sandbox) exec(parent int) error {
	for capability := range 64 {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0); errors.Is(err, unix.EINVAL) {
			break // the kernel knows no more
		} else if err != nil {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setresgid(s.Group, s.Group, s.Group); err != nil {
		return err
	}
	if err := syscall.Setresuid(s.User, s.User, s.User); err != nil {
		return err
	}
	// The change of users has taken away what the parent had set.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	if os.Getppid() != parent {
		return errors.New("the parent has ended")
	}
	program, err := s.lookUp()
	if err != nil {
		return err
	}
	return unix.Exec(program, s.Command, s.Env)
}

// lookUp finds the program as a container runtime does: in the PATH of the container.
func (s sandbox) lookUp() (string, error) {
	if strings.Contains(s.Command[0], "/") {
		return s.Command[0], nil
	}
	for _, variable := range s.Env {
		path, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(path) {
			file := filepath.Join(dir, s.Command[0])
			if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("%q is not in the root file system of the container", s.Command[0])
}

package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Binaries are the programs of the control plane.
type Binaries struct {
	Dir string // the folder that holds them all
	Key string // names version and recipe: equal keys mean equal programs

	Etcd              string
	APIServer         string
	ControllerManager string
	Kubectl           string
}

// programs maps the names of the executables to the packages they are built from.
var programs = []struct{ name, pkg string }{
	{"etcd", "go.etcd.io/etcd/server/v3"},
	{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
	{"kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"},
	{"kubectl", "k8s.io/kubernetes/cmd/kubectl"},
}

// EnsureBinaries returns the programs of the control plane and builds them first if nobody has done so on
// this machine: about five minutes on two cores, and 3 GB of Go build cache. They are kept outside the
// source tree, in $BERTH_CACHE/control-plane/KEY (default ~/.cache/berth), where KEY changes with everything
// that has an influence on them. BERTH_KUBERNETES=oldest builds the oldest version that Berth supports instead of the newest. Callers at the same time, in other processes too, wait for the one that
// builds. What it does and how long it took is written to log.
func EnsureBinaries(ctx context.Context, log io.Writer) (Binaries, error) {
	source, err := binariesModule()
	if err != nil {
		return Binaries{}, err
	}
	recipe, err := readRecipe(source)
	if err != nil {
		return Binaries{}, err
	}
	cache, err := cacheDir()
	if err != nil {
		return Binaries{}, err
	}
	root := filepath.Join(cache, "control-plane")
	binaries := recipe.in(root)
	if binaries.complete() {
		return binaries, nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return Binaries{}, err
	}
	unlock, err := lock(ctx, filepath.Join(root, ".lock"), func() {
		fmt.Fprintln(log, "waiting for another process that builds the control plane")
	})
	if err != nil {
		return Binaries{}, err
	}
	defer unlock()
	if binaries.complete() { // by the one we waited for
		return binaries, nil
	}
	if err := recipe.build(ctx, source, root, log); err != nil {
		return Binaries{}, fmt.Errorf("build the control plane: %w", err)
	}
	return binaries, nil
}

// recipe is everything that decides what is built.
type recipe struct {
	kubernetes string // v1.36.3
	key        string
	flags      []string
}

func readRecipe(source string) (recipe, error) {
	mod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return recipe{}, err
	}
	sum, err := os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		return recipe{}, err
	}
	found := regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v1\.(\d+)\.\S+)`).FindSubmatch(mod)
	if found == nil {
		return recipe{}, fmt.Errorf("%s/go.mod does not require k8s.io/kubernetes", source)
	}
	// Without these the programs call themselves v0.0.0, and clients that look at the version go wrong.
	const version = "-X k8s.io/component-base/version."
	flags := []string{"-mod=readonly", "-trimpath", "-ldflags", strings.Join([]string{"-s -w",
		version + "gitVersion=" + string(found[1]),
		version + "gitMajor=1",
		version + "gitMinor=" + string(found[2])}, " ")}

	hash := sha256.New()
	for _, part := range []string{string(mod), string(sum), strings.Join(flags, " "), runtime.GOOS, runtime.GOARCH, runtime.Version()} {
		fmt.Fprintf(hash, "%d:%s\n", len(part), part)
	}
	return recipe{
		kubernetes: string(found[1]),
		key:        string(found[1]) + "-" + hex.EncodeToString(hash.Sum(nil))[:12],
		flags:      flags,
	}, nil
}

func (r recipe) in(root string) Binaries {
	dir := filepath.Join(root, r.key)
	return Binaries{
		Dir:               dir,
		Key:               r.key,
		Etcd:              filepath.Join(dir, "etcd"),
		APIServer:         filepath.Join(dir, "kube-apiserver"),
		ControllerManager: filepath.Join(dir, "kube-controller-manager"),
		Kubectl:           filepath.Join(dir, "kubectl"),
	}
}

// complete: the folder appears by a rename when all is in it, so it is there as a whole or not at all.
func (b Binaries) complete() bool {
	_, err := os.Stat(b.Kubectl)
	return err == nil
}

func (r recipe) build(ctx context.Context, source, root string, log io.Writer) error {
	began := time.Now()
	fmt.Fprintf(log, "building etcd, kube-apiserver, kube-controller-manager and kubectl %s once (about five minutes on two cores) into %s\n",
		r.kubernetes, filepath.Join(root, r.key))
	temporary, err := os.MkdirTemp(root, ".building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)

	ticker := time.NewTicker(30 * time.Second)
	defer ticker.Stop()
	for _, program := range programs {
		args := append([]string{"build", "-p", "2"}, r.flags...)
		args = append(args, "-o", filepath.Join(temporary, program.name), program.pkg)
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = source
		// No other toolchain is downloaded behind our back; no C compiler is needed.
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off", "CGO_ENABLED=0")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
		cmd.WaitDelay = 10 * time.Second
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		for running := true; running; {
			select {
			case err := <-done:
				if err != nil {
					return fmt.Errorf("%s: %w\n%s", program.name, err, output.Bytes())
				}
				running = false
			case <-ticker.C:
				fmt.Fprintf(log, "  still building %s (%.0f s)\n", program.name, time.Since(began).Seconds())
			}
		}
		fmt.Fprintf(log, "  %s after %.0f s\n", program.name, time.Since(began).Seconds())
	}
	if err := os.Chmod(temporary, 0o755); err != nil { // MkdirTemp makes it private
		return err
	}
	return os.Rename(temporary, filepath.Join(root, r.key))
}

// modules are the folders of the Go modules that pin the programs, by what $BERTH_KUBERNETES says.
var modules = map[string]string{"": "binaries", "newest": "binaries", "oldest": "binaries-oldest"}

// binariesModule finds the Go module with the pinned programs: from the working folder upwards, which for
// a test is the folder of its package.
func binariesModule() (string, error) {
	wanted := os.Getenv("BERTH_KUBERNETES")
	folder, ok := modules[wanted]
	if !ok {
		return "", fmt.Errorf("BERTH_KUBERNETES is %q: newest or oldest", wanted)
	}
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, below := range []string{"cluster", "e2e/cluster"} {
			module := filepath.Join(dir, below, folder)
			if _, err := os.Stat(filepath.Join(module, "go.mod")); err == nil {
				return module, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no e2e/cluster/%s/go.mod in %s or above: run it inside the source tree of Berth", folder, start)
		}
	}
}

// cacheDir returns $BERTH_CACHE or ~/.cache/berth.
func cacheDir() (string, error) {
	if dir := os.Getenv("BERTH_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w; set BERTH_CACHE", err)
	}
	return filepath.Join(home, ".cache", "berth"), nil
}

// lock takes an exclusive lock that the kernel gives back if this process dies. It calls waiting, once,
// if somebody else has it.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for told := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !told {
			waiting()
			told = true
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

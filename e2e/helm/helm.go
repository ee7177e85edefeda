// Package helm builds the helm command, version 3 and version 4, from the Go modules v3 and v4 below this folder, once per
// machine. Each is a module of its own: what they need does not decide what the tests are built with.
package helm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"berth.dev/e2e/programs"
	"golang.org/x/sys/unix"
)

// Ensure returns the helm command of a major version, 3 or 4, and builds it first if nobody has done so on this machine:
// one minute for 3 where the tests are compiled already, six for 4, on two cores that others use, too. It is kept outside
// the source tree, in $BERTH_CACHE/helm/KEY (default ~/.cache/berth), where KEY changes with all that has an influence on
// it. Callers at the same time, in other processes too, wait for the one that builds.
func Ensure(ctx context.Context, major int, log io.Writer) (string, error) {
	root, err := programs.Root()
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, "e2e/helm", fmt.Sprintf("v%d", major))
	hash := sha256.New()
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			return "", fmt.Errorf("helm %d: %w", major, err)
		}
		fmt.Fprintf(hash, "%d:%s\n", len(text), text)
	}
	fmt.Fprintln(hash, runtime.GOOS, runtime.GOARCH, runtime.Version())
	cache := os.Getenv("BERTH_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache/berth")
	}
	folder := filepath.Join(cache, "helm", fmt.Sprintf("v%d-%s", major, hex.EncodeToString(hash.Sum(nil))[:12]))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "helm")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	began := time.Now()
	fmt.Fprintf(log, "building helm %d once into %s\n", major, folder)
	command := exec.CommandContext(ctx, "go", "build", "-o", program+".new", fmt.Sprintf("helm.sh/helm/v%d/cmd/helm", major))
	command.Dir = module
	command.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off")
	if said, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build helm %d: %w\n%s", major, err, said)
	}
	fmt.Fprintf(log, "  after %.0f s\n", time.Since(began).Seconds())
	return program, os.Rename(program+".new", program)
}

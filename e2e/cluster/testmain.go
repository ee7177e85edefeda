package cluster

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// RunTests is the whole TestMain of a package whose tests share one control plane: it starts it, lets
// *shared point to it, runs the tests, and stops it. If a test fails, the logs are kept and their place is
// printed.
//
//	var shared *cluster.Cluster
//
//	func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }
func RunTests(m interface{ Run() int }, options Options, shared **Cluster) int {
	flag.Parse()
	if list := flag.Lookup("test.list"); list != nil && list.Value.String() != "" {
		return m.Run() // only the names are asked for
	}
	if os.Getenv(UsesVariable) != "" && options.Audit == AuditOff {
		options.Audit = AuditMetadata
	}
	c, err := Start(context.Background(), options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	*shared = c
	code := m.Run()
	if code != 0 && c.temporary {
		if kept, err := c.keepLogs(); err == nil {
			fmt.Fprintf(os.Stderr, "the logs of the control plane are in %s\n", kept)
		}
	}
	if err := c.recordUses(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := c.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

const (
	temporaryPrefix = "berth-cluster-"
	failedPrefix    = "berth-failed-"
)

// keepLogs moves the logs of a temporary cluster to a place that nobody removes.
func (c *Cluster) keepLogs() (string, error) {
	kept, err := os.MkdirTemp("", failedPrefix)
	if err != nil {
		return "", err
	}
	return kept, os.Rename(c.LogDir(), filepath.Join(kept, "logs"))
}

// sweepTemporary removes what tests have left that were killed themselves. Their processes are dead
// already, the kernel saw to that.
func sweepTemporary() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), temporaryPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), temporaryPrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
}

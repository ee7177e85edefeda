package webhook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"berth.dev/e2e/programs"
)

// lint judges many manifests in one process: a Service and a Deployment in each file.
func (s *site) lint(ctx context.Context) error {
	dir := filepath.Join(s.cluster.Dir(), "manifests")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	declared := filepath.Join(s.cluster.Dir(), "policy.yaml")
	if err := os.WriteFile(declared, []byte(policy), 0o644); err != nil {
		return err
	}
	for i := range s.Lint / 2 {
		text := fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: app-%[1]d, namespace: team-%[2]d}
spec: {type: NodePort, selector: {app: app-%[1]d}, ports: [{port: 443, targetPort: web}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-%[1]d, namespace: team-%[2]d}
spec:
  selector: {matchLabels: {app: app-%[1]d}}
  template:
    metadata: {labels: {app: app-%[1]d}}
    spec: {containers: [{name: web, image: web, ports: [{name: web, containerPort: 443}]}]}
`, i, i%50)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("app-%d.yaml", i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	binary, err := programs.Built("berth")
	if err != nil {
		return err
	}
	began := time.Now()
	command := exec.CommandContext(ctx, binary, "lint", "--policy", declared, dir)
	output, err := command.Output()
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	if want := fmt.Sprintf("%d objects judged: 0 denied", s.Lint/2*2); !strings.Contains(string(output), want) {
		return errors.New("it does not say " + want)
	}
	s.lines.Tell(fmt.Sprintf("berth lint of %d manifests", s.Lint), "s", took.Seconds(), 0)
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if ok {
		s.lines.Tell("its memory", "MB", float64(usage.Maxrss)/1000, 0)
	}
	return nil
}

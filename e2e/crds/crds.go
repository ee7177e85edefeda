// Package crds installs the definitions of other projects' kinds that Berth judges, as those projects publish
// them.
package crds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// InstallGatewayAPI applies the standard channel of the Gateway API, in the version of modules/go.mod, and
// returns when the API server serves it.
func InstallGatewayAPI(ctx context.Context, client *kube.Client) error {
	dir, err := moduleDir(ctx, "sigs.k8s.io/gateway-api")
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "config/crd/standard/gateway.networking.k8s.io_*s.yaml"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("no definitions in %s", dir)
	}
	for _, path := range paths {
		if filepath.Base(path) == "gateway.networking.k8s.io_vap_safeupgrades.yaml" {
			continue // guards upgrades between channels, which nobody makes here
		}
		if _, err := client.ApplyPath(ctx, path); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

// InstallOpenReports applies the kinds in which programs that check policies report what they found.
func InstallOpenReports(ctx context.Context, client *kube.Client) error {
	dir, err := moduleDir(ctx, "openreports.io")
	if err != nil {
		return err
	}
	_, err = client.ApplyPath(ctx, filepath.Join(dir, "config/crd/openreports.io_reports.yaml"))
	return err
}

// InstallForChart applies the kinds of other projects that the Helm chart has objects of: those of cert-manager and of the
// Prometheus operator. Nobody acts on them here.
func InstallForChart(ctx context.Context, client *kube.Client) error {
	for _, of := range []struct {
		module string
		files  []string
	}{
		{"github.com/cert-manager/cert-manager", []string{
			"deploy/crds/cert-manager.io_certificates.yaml",
			"deploy/crds/cert-manager.io_issuers.yaml",
		}},
		{"github.com/prometheus-operator/prometheus-operator", []string{
			"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
			"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
			"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
		}},
	} {
		dir, err := moduleDir(ctx, of.module)
		if err != nil {
			return err
		}
		for _, file := range of.files {
			if _, err := client.ApplyPath(ctx, filepath.Join(dir, file)); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// moduleDir downloads a module that modules/go.mod requires, once, and returns where it is.
func moduleDir(ctx context.Context, module string) (string, error) {
	root, err := programs.Root()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	command.Dir = filepath.Join(root, "e2e/crds/modules")
	output, err := command.Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s%s", err, output, exit.Stderr)
		}
		return "", err
	}
	var answer struct{ Dir string }
	if err := json.Unmarshal(output, &answer); err != nil {
		return "", fmt.Errorf("%w in %q", err, output)
	}
	return answer.Dir, nil
}

// Package manifests makes the files that people install Berth from without Helm: what the overlays in deploy/ say, in one
// text, with the image of their registry.
package manifests

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"berth.dev/e2e/programs"
)

// Built returns what kustomize makes of a folder of the source tree. kubectl is the program, which has kustomize in it.
func Built(ctx context.Context, kubectl, folder string) (string, error) {
	root, err := programs.Root()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, kubectl, "kustomize", filepath.Join(root, folder))
	var problems bytes.Buffer
	command.Stderr = &problems
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl kustomize %s: %w: %s", folder, err, problems.String())
	}
	return string(text), nil
}

// placeholder is the image in deploy/base.
const placeholder = "image: berth:0.1.0\n"

// WithImage puts another image into a text of Built. "" leaves it alone.
func WithImage(text, image string) (string, error) {
	if image == "" {
		return text, nil
	}
	if strings.ContainsAny(image, " \t\n\"'#") {
		return "", fmt.Errorf("%q is not the name of an image: write REGISTRY/berth:TAG or REGISTRY/berth@sha256:...", image)
	}
	if !strings.Contains(text, placeholder) {
		return "", fmt.Errorf("no %q in the text", strings.TrimSpace(placeholder))
	}
	return strings.ReplaceAll(text, placeholder, "image: "+image+"\n"), nil
}

// Files are what a release has, by their names.
var Files = map[string]string{
	"crds.yaml":    "crds",
	"install.yaml": "deploy/overlays/default",
}

// Write writes Files into a folder.
func Write(ctx context.Context, kubectl, folder, image string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, of := range Files {
		text, err := Built(ctx, kubectl, of)
		if err != nil {
			return err
		}
		if of != "crds" {
			if text, err = WithImage(text, image); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Package cases reads the cases of this folder: what must be refused, what looks alike and must not.
package cases

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const fewest = 60 // in each of the two great folders

// Case is one file; the README says what is in it.
type Case struct {
	Name      string // exposing/row01-lb-443-to-5432
	Expect    string // Deny, Allow, Unknown or Warn
	Message   string // a part of what the user reads
	documents []*unstructured.Unstructured
}

// Objects returns copies of the manifests: those that are there, and the one that is judged.
func (c Case) Objects() (there []*unstructured.Unstructured, judged *unstructured.Unstructured) {
	var all []*unstructured.Unstructured
	for _, document := range c.documents {
		all = append(all, document.DeepCopy())
	}
	return all[:len(all)-1], all[len(all)-1]
}

// Folder is where the cases and their policy.yaml are.
func Folder() (string, error) {
	root, err := programs.Root()
	return filepath.Join(root, "e2e/cases"), err
}

// Load reads all files, in the order of their names.
func Load() ([]Case, error) {
	home, err := Folder()
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, folder := range []struct {
		name     string
		fewest   int
		expected []string
	}{
		{"exposing", fewest, []string{"Deny"}},
		{"harmless", fewest, []string{"Allow"}},
		{"told", 1, []string{"Unknown", "Warn"}},
	} {
		paths, err := filepath.Glob(filepath.Join(home, folder.name, "*.yaml"))
		if err != nil {
			return nil, err
		}
		if len(paths) < folder.fewest {
			return nil, fmt.Errorf("%d cases in %s, want at least %d", len(paths), folder.name, folder.fewest)
		}
		for _, path := range paths {
			one, err := load(path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if !slices.Contains(folder.expected, one.Expect) {
				return nil, fmt.Errorf("%s: expects %q, cases of this folder expect %v", path, one.Expect, folder.expected)
			}
			one.Name = folder.name + "/" + strings.TrimSuffix(filepath.Base(path), ".yaml")
			all = append(all, one)
		}
	}
	return all, nil
}

func load(path string) (Case, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Case{}, err
	}
	one := Case{}
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ": ")
		switch key {
		case "expect":
			one.Expect = value
		case "message":
			one.Message = value
		}
	}
	if one.Message == "" && one.Expect != "Allow" {
		return Case{}, errors.New("no message is expected")
	}
	if one.documents, err = kube.Parse(string(text)); err != nil {
		return Case{}, err
	}
	if len(one.documents) == 0 {
		return Case{}, errors.New("nothing to judge")
	}
	return one, nil
}

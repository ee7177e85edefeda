// Package story is what Berth does, told with the examples on a real cluster: cmd/demo tells it to people,
// and the tests of this package hold Berth to it, and to much more that would bore people.
//
// It is not the machinery of telling (package telling), and does not start anything by itself.
package story

import (
	"context"
	"path/filepath"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story/telling"
)

// Place is where the story is told: a cluster on which both programs run, with the CRDs and roles in it
// (Install).
type Place struct {
	Client     *kube.Client
	Kubeconfig string
	Kubectl    string // the program
	CacheDir   string // where kubectl may keep what it learns about the API
}

// Stage returns the stage on which the commands of the story run: in the top of the source tree, with kubectl
// and berth as programs.
func (p Place) Stage() (*telling.Stage, error) {
	root, err := programs.Root()
	if err != nil {
		return nil, err
	}
	berth, err := programs.Built("berth")
	if err != nil {
		return nil, err
	}
	return &telling.Stage{
		Dir:      root,
		Programs: map[string]string{"kubectl": p.Kubectl, "berth": berth},
		Env: []string{
			"KUBECONFIG=" + p.Kubeconfig,
			"KUBECACHEDIR=" + filepath.Join(p.CacheDir, "kubectl"),
		},
	}, nil
}

// Chapters returns the whole story. It can be told again and again on the same cluster.
func (p Place) Chapters() []telling.Chapter {
	return []telling.Chapter{p.mesh(), p.stays(), p.platform(), p.files()}
}

// remove deletes objects that may not exist and waits until they are gone.
func (p Place) remove(ctx context.Context, kind, namespace string, names ...string) error {
	for _, name := range names {
		if err := p.Client.Delete(ctx, kind, namespace, name); err != nil {
			return err
		}
		if err := p.gone(ctx, kind, namespace, name); err != nil {
			return err
		}
	}
	return nil
}

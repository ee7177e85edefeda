package installation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/image"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/standin"
	"berth.dev/e2e/story"
	"berth.dev/e2e/story/telling"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const namespace = programs.Namespace

// soon is how long anything may take that is done by itself. Usually it is a second.
const soon = 60 * time.Second

// makeRoot makes the root file system of the image, once for all tests.
var makeRoot = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "berth-root-")
	if err != nil {
		return "", err
	}
	_, err = image.Build("--root-filesystem", dir)
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if root, err := makeRoot(); err == nil {
		_ = os.RemoveAll(root)
	}
	os.Exit(code)
}

// site is a control plane with nothing on it, and a node for the pods of Berth's namespace.
type site struct {
	*kube.Client
	cluster *cluster.Cluster
	node    *standin.Node
}

func newSite(t *testing.T) *site {
	t.Helper()
	if err := standin.Possible(); err != nil {
		t.Skip(err)
	}
	root, err := makeRoot()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), standin.ClusterOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	node, err := standin.Start(t.Context(), standin.Options{Config: c.AdminConfig(), Namespace: namespace, Root: root, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	node.EndWith(t)
	return &site{Client: kube.MustNew(t, c.AdminConfig()), cluster: c, node: node}
}

// source returns the path of a file of the source tree.
func source(t *testing.T, name string) string {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, name)
}

// run runs a command as the administrator of the cluster, and ends the test if it fails.
func (s *site) run(t *testing.T, program string, args ...string) string {
	t.Helper()
	said, err := s.try(t, program, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, said)
	}
	return said
}

// fails runs a command as the administrator of the cluster, and ends the test unless it fails.
func (s *site) fails(t *testing.T, program string, args ...string) string {
	t.Helper()
	said, err := s.try(t, program, args...)
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		t.Fatalf("%s %s did not fail: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, said)
	}
	return said
}

func (s *site) try(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.cluster.Kubeconfig(), "HELM_CACHE_HOME="+t.TempDir(),
		"HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	began := time.Now()
	err := command.Run()
	t.Logf("%.1f s: %s %s", time.Since(began).Seconds(), filepath.Base(program), strings.Join(args[:min(2, len(args))], " "))
	return said.String(), err
}

func (s *site) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return s.run(t, s.cluster.Binaries().Kubectl, args...)
}

// available waits until both programs are rolled out, as kubectl does.
func (s *site) available(t *testing.T) {
	t.Helper()
	for _, name := range []string{"berth-operator", "berth-webhook"} {
		s.kubectl(t, "rollout", "status", "--namespace="+namespace, "--timeout=90s", "deployment/"+name)
	}
}

// tell tells the story of the demo, and ends the test where it comes out otherwise than told.
func (s *site) tell(t *testing.T) {
	t.Helper()
	place := story.Place{Client: s.Client, Kubeconfig: s.cluster.Kubeconfig(), Kubectl: s.cluster.Binaries().Kubectl, CacheDir: t.TempDir()}
	stage, err := place.Stage()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var out strings.Builder
	teller := telling.Teller{Out: &out, Stage: stage}
	if err := teller.Tell(t.Context(), place.Chapters()); err != nil {
		t.Fatalf("%v\nTold so far:\n%s", err, out.String())
	}
	t.Logf("%.1f s: the story", time.Since(began).Seconds())
}

// ports returns what numbers the Services of the story have, for before and after.
func (s *site) ports(t *testing.T) string {
	t.Helper()
	services, err := s.List(t.Context(), "services", "mesh")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range services {
		fmt.Fprintln(&text, services[i].GetUID(), services[i].GetName(), kube.Text(&services[i], "spec.ports"))
	}
	return text.String()
}

// refuses ends the test unless a manifest that exposes a database is refused by the webhook.
func (s *site) refuses(t *testing.T) {
	t.Helper()
	objects, err := kube.ParsePath(source(t, "examples/platform/denied/loadbalancer-443-to-postgres.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, soon, "the webhook to refuse "+kube.Name(objects[0]), func(ctx context.Context) error {
		_, err := s.DryRun(ctx, objects[0].DeepCopy())
		if rejection, ok := kube.Rejected(err); !ok || !strings.Contains(rejection.Message, "denied the request") {
			return fmt.Errorf("the answer is %w", err)
		}
		return nil
	})
}

// gone ends the test unless an object goes, or has gone.
func (s *site) gone(t *testing.T, kind, in, name string) {
	t.Helper()
	kube.Eventually(t, soon, kind+" "+name+" to be gone", func(ctx context.Context) error {
		object, err := s.Get(ctx, kind, in, name)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil && strings.Contains(err.Error(), "no matches for"): // nor does its kind
			return nil
		case err != nil:
			return err
		}
		return errors.New(kube.Name(object) + " is still there")
	})
}

// none ends the test unless all objects of a kind, or those with a label, go, or have gone.
func (s *site) none(t *testing.T, kind, in string, selector ...string) {
	t.Helper()
	kube.Eventually(t, soon, "no "+kind+" to be left", func(ctx context.Context) error {
		objects, err := s.List(ctx, kind, in, selector...)
		if err != nil {
			return err
		}
		if len(objects) > 0 {
			return fmt.Errorf("%s is still there, and %d more", kube.Name(&objects[0]), len(objects)-1)
		}
		return nil
	})
}

package crds

import (
	"context"
	"fmt"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
)

// published are files of modules that modules/go.mod requires. In each a project defines kinds of its own, and
// among them at least one of the table.
var published = []struct{ module, file string }{
	{"github.com/argoproj/argo-rollouts", "manifests/crds/rollout-crd.yaml"},
	{"github.com/elastic/cloud-on-k8s/v3", "config/crds/v1/all-crds.yaml"},
	{"github.com/projectcontour/contour", "examples/contour/01-crds.yaml"},
	{"github.com/traefik/traefik/v3", "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"},
	{"istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml"},
	{"knative.dev/serving", "config/core/300-resources"},
	{"sigs.k8s.io/mcs-api", "config/crd/multicluster.x-k8s.io_serviceexports.yaml"},
}

// readPublished returns the definitions of kinds of the table, by their names. The other kinds of a project are
// left out: some of them sound like a way in, and which of those Berth tells of is another test's question.
func readPublished(ctx context.Context, table []adapted) (map[string]*unstructured.Unstructured, error) {
	wanted := map[string]bool{}
	for _, one := range table {
		wanted[one.name()] = true
	}
	found := map[string]*unstructured.Unstructured{}
	for _, from := range published {
		dir, err := moduleDir(ctx, from.module)
		if err != nil {
			return nil, err
		}
		objects, err := kube.ParsePath(filepath.Join(dir, from.file))
		if err != nil {
			return nil, err
		}
		before := len(found)
		for _, object := range objects {
			if wanted[object.GetName()] {
				found[object.GetName()] = object
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("%s of %s defines no kind of the table", from.file, from.module)
		}
	}
	return found, nil
}

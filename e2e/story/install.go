package story

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// Service accounts of the programs, as deploy/base has them.
const (
	OperatorAccount = "berth-operator"
	WebhookAccount  = "berth-webhook"
)

// installed is what a cluster needs before the programs can run: everything of an installation but the
// Deployments.
var installed = []string{
	"crds",
	"deploy/base/namespace.yaml",
	"deploy/base/operator-rbac.yaml",
	"deploy/base/webhook-rbac.yaml",
	"deploy/base/user-roles.yaml",
}

// Installed returns the objects that Install applies.
func Installed() ([]*unstructured.Unstructured, error) {
	root, err := programs.Root()
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, path := range installed {
		some, err := kube.ParsePath(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		objects = append(objects, some...)
	}
	return objects, nil
}

// Install puts the CRDs, the namespace and the roles of the programs into a cluster.
func Install(ctx context.Context, client *kube.Client) error {
	objects, err := Installed()
	if err != nil {
		return err
	}
	_, err = client.Apply(ctx, objects...)
	return err
}

// Access returns access as a service account of the programs' namespace, so that a program has the rights
// that an installation gives it and no others. The token is good for the given time, or for as long as the
// cluster allows.
func Access(ctx context.Context, client *kube.Client, account string, good time.Duration) (*rest.Config, error) {
	if _, err := cluster.ServiceAccountToken(ctx, client.Typed, programs.Namespace, account); err != nil {
		return nil, err // makes the account if need be
	}
	seconds := int64(good / time.Second)
	answer, err := client.Typed.CoreV1().ServiceAccounts(programs.Namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("a token for %s: %w", account, err)
	}
	config := rest.AnonymousClientConfig(client.Config)
	config.BearerToken = answer.Status.Token
	return config, nil
}

// gone waits until an object does not exist.
func (p Place) gone(ctx context.Context, kind, namespace, name string) error {
	return kube.Poll(ctx, 30*time.Second, fmt.Sprintf("%s %s to be gone", kind, name), func(ctx context.Context) error {
		object, err := p.Client.Get(ctx, kind, namespace, name)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		return fmt.Errorf("%s is still there", kube.Name(object))
	})
}

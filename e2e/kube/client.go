// Package kube is how the end-to-end tests talk to an API server: any object of any kind as unstructured
// data, manifests from files, kinds by every name that kubectl understands, and waiting with a deadline
// and a message that says what was missing (wait.go).
//
// It is not for what a test is about: where the exact request matters (a verb, a precondition, a field
// manager), use Typed or Dynamic.
package kube

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

// FieldManager is the manager of fields that Apply sets.
const FieldManager = "berth-e2e"

// Client talks to one API server as one user. Safe for concurrent use.
type Client struct {
	Config  *rest.Config
	Typed   kubernetes.Interface
	Dynamic dynamic.Interface

	discovery discovery.CachedDiscoveryInterface
	mapper    meta.ResettableRESTMapper
	warnings  *warnings
}

// New makes a client. Nothing is sent yet.
func New(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	collected := &warnings{}
	config.WarningHandler = collected
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	dynamicClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	cached := memory.NewMemCacheClient(typed.Discovery())
	return &Client{
		Config:    config,
		Typed:     typed,
		Dynamic:   dynamicClient,
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
		warnings:  collected,
	}, nil
}

// Resource finds a kind by what kubectl would accept: "palloc", "portallocations",
// "portallocations.berth.dev", "PortAllocation", "deploy", "deployments.v1.apps".
func (c *Client) Resource(kind string) (dynamic.NamespaceableResourceInterface, *meta.RESTMapping, error) {
	mapping, err := c.find(kind)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset() // perhaps its CustomResourceDefinition is new
		mapping, err = c.find(kind)
	}
	if err != nil {
		return nil, nil, err
	}
	return c.Dynamic.Resource(mapping.Resource), mapping, nil
}

func (c *Client) find(kind string) (*meta.RESTMapping, error) {
	expander := restmapper.NewShortcutExpander(c.mapper, c.discovery, func(string) {})
	full, short := schema.ParseResourceArg(strings.ToLower(kind))
	if full != nil {
		if found, err := expander.KindFor(*full); err == nil {
			return c.mapper.RESTMapping(found.GroupKind(), found.Version)
		}
	}
	found, err := expander.KindFor(short.WithVersion(""))
	if err != nil {
		return nil, err
	}
	return c.mapper.RESTMapping(found.GroupKind(), found.Version)
}

// in returns the resource of an object in its namespace ("default" if it needs one and names none).
func (c *Client) in(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if !namespaced(mapping) {
		return c.Dynamic.Resource(mapping.Resource), nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return c.Dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

func (c *Client) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset() // perhaps its CustomResourceDefinition is new
		mapping, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return mapping, err
}

func namespaced(mapping *meta.RESTMapping) bool {
	return mapping.Scope.Name() == meta.RESTScopeNameNamespace
}

// at returns the resource named by kind in namespace, which is ignored for cluster-scoped kinds.
func (c *Client) at(kind, namespace string) (dynamic.ResourceInterface, error) {
	resource, mapping, err := c.Resource(kind)
	if err != nil {
		return nil, err
	}
	if !namespaced(mapping) {
		return resource, nil
	}
	return resource.Namespace(namespace), nil
}

// Get reads one object.
func (c *Client) Get(ctx context.Context, kind, namespace, name string) (*unstructured.Unstructured, error) {
	resource, err := c.at(kind, namespace)
	if err != nil {
		return nil, err
	}
	return resource.Get(ctx, name, metav1.GetOptions{})
}

// List reads all objects of a kind in a namespace ("" = all), optionally those with a label selector.
func (c *Client) List(ctx context.Context, kind, namespace string, selector ...string) ([]unstructured.Unstructured, error) {
	resource, err := c.at(kind, namespace)
	if err != nil {
		return nil, err
	}
	list, err := resource.List(ctx, metav1.ListOptions{LabelSelector: strings.Join(selector, ",")})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// Create creates an object (POST).
func (c *Client) Create(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, err := c.in(object)
	if err != nil {
		return nil, err
	}
	return resource.Create(ctx, object, metav1.CreateOptions{FieldManager: FieldManager})
}

// DryRun asks the API server what Create would answer, webhooks included, without writing anything.
func (c *Client) DryRun(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, err := c.in(object)
	if err != nil {
		return nil, err
	}
	return resource.Create(ctx, object, metav1.CreateOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
}

// Update writes a whole object (PUT), with the resourceVersion it carries.
func (c *Client) Update(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, err := c.in(object)
	if err != nil {
		return nil, err
	}
	return resource.Update(ctx, object, metav1.UpdateOptions{FieldManager: FieldManager})
}

// Patch sends a JSON merge patch, optionally to a subresource.
func (c *Client) Patch(ctx context.Context, kind, namespace, name, mergePatch string, subresource ...string) (*unstructured.Unstructured, error) {
	resource, err := c.at(kind, namespace)
	if err != nil {
		return nil, err
	}
	return resource.Patch(ctx, name, "application/merge-patch+json", []byte(mergePatch),
		metav1.PatchOptions{FieldManager: FieldManager}, subresource...)
}

// Delete deletes an object; that it does not exist is no error. Dependents go in the background.
func (c *Client) Delete(ctx context.Context, kind, namespace, name string) error {
	resource, err := c.at(kind, namespace)
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	err = resource.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// Apply applies objects as kubectl apply --server-side --force-conflicts does: namespaces and
// CustomResourceDefinitions first (and waits until the latter are served), then the rest in the given order.
// It returns what the API server answered, in the given order, and stops at the first refusal.
func (c *Client) Apply(ctx context.Context, objects ...*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	answers := make([]*unstructured.Unstructured, len(objects))
	for _, first := range []bool{true, false} {
		for i, object := range objects {
			kind := object.GetKind()
			if (kind == "Namespace" || kind == "CustomResourceDefinition") != first {
				continue
			}
			answer, err := c.apply(ctx, object)
			if err != nil {
				return nil, fmt.Errorf("apply %s: %w", Name(object), err)
			}
			answers[i] = answer
		}
		if !first {
			break
		}
		for _, object := range objects {
			if object.GetKind() != "CustomResourceDefinition" {
				continue
			}
			if err := c.established(ctx, object.GetName()); err != nil {
				return nil, err
			}
			c.mapper.Reset()
		}
	}
	return answers, nil
}

func (c *Client) apply(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, err := c.in(object)
	if err != nil {
		return nil, err
	}
	return resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
}

// established waits until the API server serves a new kind. The condition comes a moment before every
// path answers, so it is asked with a request, too.
func (c *Client) established(ctx context.Context, name string) error {
	return Poll(ctx, 30*time.Second, "CustomResourceDefinition "+name+" to be served", func(ctx context.Context) error {
		definition, err := c.Get(ctx, "customresourcedefinitions.apiextensions.k8s.io", "", name)
		if err != nil {
			return err
		}
		if err := HasCondition(definition, "Established", "True"); err != nil {
			return err
		}
		group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
		plural, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "plural")
		versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
		for _, version := range versions {
			fields, _ := version.(map[string]any)
			if fields["served"] != true {
				continue
			}
			resource := schema.GroupVersionResource{Group: group, Version: fmt.Sprint(fields["name"]), Resource: plural}
			if _, err := c.Dynamic.Resource(resource).List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
				return err
			}
		}
		return nil
	})
}

// ApplyYAML applies all documents of a text, see Parse and Apply.
func (c *Client) ApplyYAML(ctx context.Context, text string) ([]*unstructured.Unstructured, error) {
	objects, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return c.Apply(ctx, objects...)
}

// ApplyPath applies a file, or all *.yaml, *.yml and *.json files of a folder and the folders below it in
// the order of their names.
func (c *Client) ApplyPath(ctx context.Context, path string) ([]*unstructured.Unstructured, error) {
	objects, err := ParsePath(path)
	if err != nil {
		return nil, err
	}
	return c.Apply(ctx, objects...)
}

// Warnings returns, and forgets, the warnings that the API server has added to its answers.
func (c *Client) Warnings() []string { return c.warnings.take() }

// Parse reads the documents of a YAML or JSON text. A key that comes twice is an error. Lists (kind List) are taken apart.
func Parse(text string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, err
		}
		if string(text) == "null" {
			continue // nothing but comments
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil { // whole numbers become int64, as from a server
			return nil, fmt.Errorf("%w in:\n%s", err, bytes.TrimSpace(document))
		}
		if object.GetAPIVersion() == "" {
			return nil, fmt.Errorf("no apiVersion in:\n%s", bytes.TrimSpace(document))
		}
		if !object.IsList() {
			objects = append(objects, object)
			continue
		}
		err = object.EachListItem(func(item runtime.Object) error {
			objects = append(objects, item.(*unstructured.Unstructured))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
}

// ParsePath reads the objects of a file or folder, see ApplyPath.
func ParsePath(path string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	err := filepath.WalkDir(path, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if file != path && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		found, err := Parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		objects = append(objects, found...)
		return nil
	})
	return objects, err
}

// Name returns "Kind namespace/name" for messages.
func Name(object *unstructured.Unstructured) string {
	if namespace := object.GetNamespace(); namespace != "" {
		return object.GetKind() + " " + namespace + "/" + object.GetName()
	}
	return object.GetKind() + " " + object.GetName()
}

// warnings collects what comes in Warning headers.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := w.texts
	w.texts = nil
	return texts
}

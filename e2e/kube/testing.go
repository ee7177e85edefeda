package kube

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// MustNew is New for tests.
func MustNew(t testing.TB, config *rest.Config) *Client {
	t.Helper()
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Namespace creates a namespace for one test, named after it, with optional labels "key=value". It is
// deleted when the test ends; nobody waits for that. It returns when Pods can be created in it.
func (c *Client) Namespace(t testing.TB, labels ...string) string {
	t.Helper()
	ctx := t.Context()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: UniqueName(t), Labels: map[string]string{}}}
	for _, label := range labels {
		key, value, _ := strings.Cut(label, "=")
		namespace.Labels[key] = value
	}
	if _, err := c.Typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err := c.Typed.CoreV1().Namespaces().Delete(ctx, namespace.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Logf("delete namespace %s: %v", namespace.Name, err)
		}
	})
	Eventually(t, 30*time.Second, "the service account of namespace "+namespace.Name, func(ctx context.Context) error {
		_, err := c.Typed.CoreV1().ServiceAccounts(namespace.Name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	return namespace.Name
}

// UniqueName returns a name for an object of this test: what the test is called, as far as a DNS label
// allows it, and a random end.
func UniqueName(t testing.TB) string {
	const longest = 40 // leaves room for what generated names add
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, strings.TrimPrefix(t.Name(), "Test"))
	name = strings.Trim(name[:min(len(name), longest)], "-")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "t" + name
	}
	end := make([]byte, 3)
	if _, err := rand.Read(end); err != nil {
		panic(err) // crypto/rand never fails
	}
	return name + "-" + hex.EncodeToString(end)
}

// MustApply is ApplyYAML for tests. Objects of a namespaced kind that name no namespace go into the given
// one ("" leaves them to "default").
func (c *Client) MustApply(t testing.TB, namespace, text string) []*unstructured.Unstructured {
	t.Helper()
	objects := MustParse(t, text)
	if namespace != "" {
		if err := c.SetNamespace(namespace, objects...); err != nil {
			t.Fatal(err)
		}
	}
	answers, err := c.Apply(t.Context(), objects...)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// SetNamespace puts objects of namespaced kinds that name no namespace into one.
func (c *Client) SetNamespace(namespace string, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		if object.GetNamespace() != "" {
			continue
		}
		gvk := object.GroupVersionKind()
		mapping, err := c.mapping(gvk)
		if err != nil {
			return err
		}
		if namespaced(mapping) {
			object.SetNamespace(namespace)
		}
	}
	return nil
}

// MustParse is Parse for tests.
func MustParse(t testing.TB, text string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// MustParseOne parses a text that holds exactly one object.
func MustParseOne(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	objects := MustParse(t, text)
	if len(objects) != 1 {
		t.Fatalf("want one object, got %d in:\n%s", len(objects), text)
	}
	return objects[0]
}

// Rejection is what an API server says when it refuses an object.
type Rejection struct {
	Code    int    // HTTP status: 422 schema and CEL, 403 webhooks and policies, 409 conflicts ...
	Reason  string // Invalid, Forbidden, Conflict ...
	Message string // what kubectl prints
	Fields  []Field
}

// Field is one cause of a rejection.
type Field struct{ Path, Message string }

// Rejected returns what the API server said, or false if the error is nil or something else, such as a
// connection that broke.
func Rejected(err error) (Rejection, bool) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return Rejection{}, false
	}
	got := status.Status()
	rejection := Rejection{Code: int(got.Code), Reason: string(got.Reason), Message: got.Message}
	if got.Details != nil {
		for _, cause := range got.Details.Causes {
			rejection.Fields = append(rejection.Fields, Field{cause.Field, cause.Message})
		}
	}
	return rejection, true
}

// ExpectRejected ends the test unless err is a refusal whose message contains all of the given texts.
func ExpectRejected(t testing.TB, err error, texts ...string) Rejection {
	t.Helper()
	if err == nil {
		t.Fatal("the API server accepted it")
	}
	rejection, ok := Rejected(err)
	if !ok {
		t.Fatalf("not refused by the API server, but failed: %v", err)
	}
	for _, text := range texts {
		if !strings.Contains(rejection.Message, text) {
			t.Fatalf("the refusal does not say %q:\n%s", text, rejection.Message)
		}
	}
	return rejection
}

// Value reads a field by a path such as "status.ports.0.port"; ok is false if it is not there.
func Value(object *unstructured.Unstructured, path string) (value any, ok bool) {
	value = object.Object
	for step := range strings.SplitSeq(path, ".") {
		switch at := value.(type) {
		case map[string]any:
			if value, ok = at[step]; !ok {
				return nil, false
			}
		case []any:
			var index int
			if _, err := fmt.Sscanf(step, "%d", &index); err != nil || index < 0 || index >= len(at) {
				return nil, false
			}
			value = at[index]
		default:
			return nil, false
		}
	}
	return value, true
}

// Text is Value as text; what is not there is "".
func Text(object *unstructured.Unstructured, path string) string {
	value, ok := Value(object, path)
	if !ok || value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// Int is Value as a whole number; ok is false if it is not there or no whole number.
func Int(object *unstructured.Unstructured, path string) (number int64, ok bool) {
	value, _ := Value(object, path)
	number, ok = value.(int64)
	return number, ok
}

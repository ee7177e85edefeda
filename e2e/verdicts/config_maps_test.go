package verdicts

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Leader election, certificates and settings of programs are ConfigMaps too: those must not wait for a webhook.
func TestTheWebhookIsAskedAboutNoConfigMapButOfStreams(t *testing.T) {
	c := theCourt(t)
	filled := func(count int, value string) map[string]any {
		data := map[string]any{}
		for i := range count {
			data[fmt.Sprint(10000+i)] = value
		}
		return data
	}
	for _, one := range []struct {
		name  string
		data  map[string]any
		asked bool
	}{
		{"empty", nil, false},
		{"settings", map[string]any{"url": "http://db.data:5432/", "8080": "yes"}, false},
		{"big-file", map[string]any{"file": strings.Repeat("x/", 500_000)}, false},
		{"numbers", filled(1000, "no"), false},
		// The API server would take seconds for what the webhook reads in a moment.
		{"very-many-numbers", filled(20_000, "no"), true},
		{"streams", map[string]any{"443": "web/web:80"}, true},
		{"one-of-many", func() map[string]any {
			data := filled(999, "no")
			data["9"] = "web/web:80"
			return data
		}(), true},
	} {
		t.Run(one.name, func(t *testing.T) {
			object := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap",
				"metadata": map[string]any{"namespace": "default", "name": one.name},
			}}
			if one.data != nil {
				object.Object["data"] = one.data
			}
			before := c.asked(t)
			if _, err := c.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			if got := c.asked(t) > before; got != one.asked {
				t.Errorf("the webhook was asked: %v, want %v", got, one.asked)
			}
			if err := c.Delete(t.Context(), "configmaps", "default", one.name); err != nil {
				t.Error(err)
			}
		})
	}
}

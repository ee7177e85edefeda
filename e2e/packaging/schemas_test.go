package packaging

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
)

// conformer checks objects as kubeconform -strict does, with the schemas of the API server of these tests and not with
// those that somebody published of it.
type conformer struct{ validator.Validator }

const (
	definitionsFile = "definitions.json"
	schemaOfAKind   = "{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json" // kubeconform fills in lower case
)

func newConformer(t *testing.T, c *kube.Client) conformer {
	t.Helper()
	text, err := c.Typed.Discovery().RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").
		DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := writeSchemas(text, folder); err != nil {
		t.Fatal(err)
	}
	made, err := validator.New([]string{filepath.Join(folder, schemaOfAKind)}, validator.Opts{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return conformer{made}
}

// complaint returns what is wrong with an object, or "".
func (c conformer) complaint(object []byte) string {
	result := c.ValidateResource(resource.Resource{Bytes: object})
	if result.Status == validator.Valid {
		return ""
	}
	text := fmt.Sprint(result.Err)
	for _, one := range result.ValidationErrors {
		text += fmt.Sprintf("; %s: %s", one.Path, one.Msg)
	}
	return text
}

// writeSchemas writes one file with all definitions of an OpenAPI v2 document, and one for each kind that leads into it.
func writeSchemas(openAPI []byte, folder string) error {
	var document struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		return err
	}
	write := func(file string, value any) error {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, file), text, 0o600)
	}
	for name, definition := range document.Definitions {
		closeSchema(definition)
		if strings.HasSuffix(name, ".resource.Quantity") {
			definition["type"] = []any{"number", "string"} // it reads both, and publishes the one that it writes
		}
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, each := range kinds {
			kind, _ := each.(map[string]any)
			group, version := fmt.Sprint(kind["group"]), fmt.Sprint(kind["version"])
			if group == "" { // it takes what is before the slash of an apiVersion for the group
				group = version
			}
			file := strings.NewReplacer("{{.Group}}", group, "{{.ResourceAPIVersion}}", version,
				"{{.ResourceKind}}", strings.ToLower(fmt.Sprint(kind["kind"]))).Replace(schemaOfAKind)
			if err := write(file, map[string]any{"$ref": definitionsFile + "#/definitions/" + name}); err != nil {
				return err
			}
		}
	}
	return write(definitionsFile, map[string]any{"definitions": document.Definitions})
}

// closeSchema lets a schema and those within it take no field that they do not name, and writes OpenAPI's own words for
// a number or a text as JSON Schema does.
func closeSchema(schema map[string]any) {
	if schema["format"] == "int-or-string" {
		delete(schema, "format")
		schema["type"] = []any{"integer", "string"}
	}
	within := func(value any) {
		if inner, is := value.(map[string]any); is {
			closeSchema(inner)
		}
	}
	properties, named := schema["properties"].(map[string]any)
	for _, property := range properties {
		within(property)
	}
	within(schema["items"])
	within(schema["additionalProperties"])
	if _, stated := schema["additionalProperties"]; named && !stated && schema["x-kubernetes-preserve-unknown-fields"] != true {
		schema["additionalProperties"] = false
	}
}

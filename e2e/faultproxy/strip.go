package faultproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// Precondition is what a client says must still hold.
type Precondition string

// The two preconditions of Kubernetes.
const (
	Version Precondition = "resourceVersion"
	UID     Precondition = "uid"
)

// Strip takes preconditions out of a write: out of metadata of a PUT or a merge patch, out of the options of
// a DELETE. A custom resource cannot be PUT without a resourceVersion: there it becomes the newest one, which
// has the same effect. A create has no precondition.
func Strip(preconditions ...Precondition) Action {
	return func(_ context.Context, request *Request, send Send) (*Answer, error) {
		place := "metadata"
		switch request.Verb {
		case "delete":
			place = "preconditions"
		case "update", "patch":
		default:
			return send(request)
		}
		const tries = 10 // others write at the same time
		for try := 1; ; try++ {
			body, err := rewriteText(request.Body, func(object map[string]any) {
				conditions, _ := object[place].(map[string]any)
				for _, one := range preconditions {
					delete(conditions, string(one))
				}
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", request, err)
			}
			if request.Verb == "update" && contains(names(preconditions), string(Version)) {
				if body, err = newest(request.with(body), send); err != nil {
					return nil, err
				}
			}
			answer, err := send(request.with(body))
			if err != nil || answer.Status != http.StatusConflict || request.Verb != "update" || try == tries {
				return answer, err
			}
		}
	}
}

func names(preconditions []Precondition) (all []string) {
	for _, one := range preconditions {
		all = append(all, string(one))
	}
	return all
}

// newest returns the body of a PUT with the resourceVersion that the object has now.
func newest(request *Request, send Send) ([]byte, error) {
	get := *request
	get.Method, get.Verb, get.Body, get.Query = http.MethodGet, "get", nil, url.Values{}
	get.Header = request.Header.Clone()
	get.Header.Del("Content-Type")
	answer, err := send(&get)
	if err != nil {
		return nil, err
	}
	var now struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(answer.Body, &now); err != nil {
		return nil, err
	}
	return rewriteText(request.Body, func(object map[string]any) {
		if metadata, ok := object["metadata"].(map[string]any); ok && now.Metadata.ResourceVersion != "" {
			metadata["resourceVersion"] = now.Metadata.ResourceVersion
		}
	})
}

// rewriteText changes one JSON object. Numbers stay as they were written.
func rewriteText(text []byte, change func(map[string]any)) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return text, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	change(object)
	return json.Marshal(object)
}

package faultproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	version := Newest("metadata." + string(Version))
	return func(ctx context.Context, request *Request, send Send) (*Answer, error) {
		place := "metadata"
		switch request.Verb {
		case "delete":
			place = "preconditions"
		case "update", "patch":
		default:
			return send(request)
		}
		needsVersion := false
		body, err := rewriteText(request.Body, func(object map[string]any) {
			conditions, _ := object[place].(map[string]any)
			for _, one := range preconditions {
				delete(conditions, string(one))
				needsVersion = needsVersion || one == Version && request.Verb == "update"
			}
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", request, err)
		}
		if needsVersion {
			return version(ctx, request.with(body), send)
		}
		return send(request.with(body))
	}
}

// Newest replaces fields of a PUT by what they are on the server at that moment: whatever the client believed
// them to be, the API server finds them right. A number that the client has counted further stays. A path is
// like "spec.fence".
func Newest(paths ...string) Action {
	return func(_ context.Context, request *Request, send Send) (*Answer, error) {
		if request.Verb != "update" {
			return send(request)
		}
		const tries = 10 // others write at the same time
		for try := 1; ; try++ {
			body, err := newest(request, paths, send)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", request, err)
			}
			answer, err := send(request.with(body))
			if err != nil || answer.Status != http.StatusConflict || try == tries {
				return answer, err
			}
		}
	}
}

// newest returns the body of a PUT with fields as they are now.
func newest(request *Request, paths []string, send Send) ([]byte, error) {
	get := *request
	get.Method, get.Verb, get.Body, get.Query = http.MethodGet, "get", nil, url.Values{}
	if _, subresource, ok := strings.Cut(request.Resource, "/"); ok { // to read it may need a right of its own
		get.Path = strings.TrimSuffix(request.Path, "/"+subresource)
	}
	get.Header = request.Header.Clone()
	get.Header.Del("Content-Type")
	answer, err := send(&get)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return request.Body, nil // the write will be told the same
	}
	var now map[string]any
	decoder := json.NewDecoder(bytes.NewReader(answer.Body))
	decoder.UseNumber()
	if err := decoder.Decode(&now); err != nil {
		return nil, err
	}
	return rewriteText(request.Body, func(object map[string]any) {
		for _, path := range paths {
			group, field, _ := strings.Cut(path, ".")
			from, _ := now[group].(map[string]any)
			to, _ := object[group].(map[string]any)
			if value, ok := from[field]; ok && to != nil && !isLarger(to[field], value) {
				to[field] = value
			}
		}
	})
}

// isLarger compares whole numbers; what is none is never larger.
func isLarger(one, other any) bool {
	number := func(value any) (int64, bool) {
		text, ok := value.(json.Number)
		whole, err := text.Int64()
		return whole, ok && err == nil
	}
	a, known := number(one)
	b, alike := number(other)
	return known && alike && a > b
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

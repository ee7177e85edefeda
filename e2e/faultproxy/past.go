package faultproxy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// AsOf serves reads as they would have been answered at a revision: lists, and single objects, which are
// looked up in lists, since an API server reads only lists from the past. Put watches behind a Valve to keep
// the client in that past. Writes pass.
func AsOf(revision int64) Action {
	return func(_ context.Context, request *Request, send Send) (*Answer, error) {
		switch request.Verb {
		case "list":
			return send(request.at(revision))
		case "get":
			return getAt(request, revision, send)
		}
		return send(request)
	}
}

// at returns a list as of a revision. Its further pages carry the revision in their continue token.
func (r *Request) at(revision int64) *Request {
	changed := *r
	changed.Query = maps.Clone(r.Query) // only whole values are set
	if changed.Query.Get("continue") == "" {
		changed.Query.Set("resourceVersion", strconv.FormatInt(revision, 10))
		changed.Query.Set("resourceVersionMatch", "Exact")
	}
	return &changed
}

func getAt(request *Request, revision int64, send Send) (*Answer, error) {
	list := request.at(revision)
	list.Path = request.Path[:strings.LastIndexByte(request.Path, '/')]
	list.Query.Set("fieldSelector", "metadata.name="+request.Name)
	list.Verb, list.Name = "list", ""
	answer, err := send(list)
	if err != nil || answer.Status != http.StatusOK {
		return answer, err
	}
	var found struct {
		Kind       string                       `json:"kind"`
		APIVersion string                       `json:"apiVersion"`
		Items      []map[string]json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(answer.Body, &found); err != nil {
		return nil, fmt.Errorf("%s as of %d: %w", request, revision, err)
	}
	if len(found.Items) == 0 {
		return refusal(http.StatusNotFound, fmt.Sprintf("%s not found at revision %d", request, revision)), nil
	}
	object := found.Items[0]
	for field, value := range map[string]string{"kind": strings.TrimSuffix(found.Kind, "List"), "apiVersion": found.APIVersion} {
		if object[field], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(object)
	return &Answer{Status: http.StatusOK, Header: answer.Header, Body: body}, err
}

// Rewrite changes objects on their way to the client: the answer to a get, the items of a list, the events of
// a watch. The client believes what it reads.
func Rewrite(change func(object map[string]any)) Action {
	stream := events(func(_ context.Context, line []byte) ([]byte, error) {
		changed, err := rewriteText(line, func(event map[string]any) {
			if object, ok := event["object"].(map[string]any); ok {
				change(object)
			}
		})
		return append(changed, '\n'), err
	})
	return func(ctx context.Context, request *Request, send Send) (*Answer, error) {
		if request.Verb == "watch" {
			return stream(ctx, request, send)
		}
		answer, err := send(request)
		if err != nil || answer.Status != http.StatusOK {
			return answer, err
		}
		answer.Body, err = rewriteText(answer.Body, func(object map[string]any) {
			items, list := object["items"].([]any)
			if !list {
				change(object)
			}
			for _, item := range items {
				if one, ok := item.(map[string]any); ok {
					change(one)
				}
			}
		})
		return answer, err
	}
}

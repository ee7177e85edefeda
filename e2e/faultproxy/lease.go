package faultproxy

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// OwnLease answers reads and writes of one Lease itself, from a memory of its own: behind such a proxy
// everybody leads who asks, whoever leads elsewhere. Its transitions begin where told.
func OwnLease(transitions int64) Action {
	var mu sync.Mutex
	var lease map[string]any
	version := 0
	return func(_ context.Context, request *Request, _ Send) (*Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		if request.IsWrite() {
			if request.Verb == "delete" {
				lease = nil
				return refusal(http.StatusOK, ""), nil
			}
			var wanted map[string]any
			if err := json.Unmarshal(request.Body, &wanted); err != nil {
				return nil, err
			}
			metadata, _ := wanted["metadata"].(map[string]any)
			spec, _ := wanted["spec"].(map[string]any)
			if metadata == nil || spec == nil {
				return refusal(http.StatusUnprocessableEntity, "a lease has metadata and a spec"), nil
			}
			version++
			metadata["resourceVersion"] = strconv.Itoa(version)
			metadata["uid"] = "00000000-0000-0000-0000-000000000001"
			if count, _ := spec["leaseTransitions"].(float64); int64(count) < transitions {
				spec["leaseTransitions"] = transitions
			}
			lease = wanted
		}
		if lease == nil {
			return refusal(http.StatusNotFound, "no such lease"), nil
		}
		body, err := json.Marshal(lease)
		return &Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}, err
	}
}

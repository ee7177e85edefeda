package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// UsesVariable names a folder in which the clusters of RunTests leave what service accounts asked them for: one file a
// cluster, one Use a line. All of them then have an audit log. Package rights reads it.
const UsesVariable = "BERTH_RIGHTS"

// Use is a right that a service account made use of, or lacked.
type Use struct {
	User        string `json:"user"` // system:serviceaccount:NAMESPACE:NAME
	Verb        string `json:"verb"`
	Group       string `json:"group,omitempty"`
	Resource    string `json:"resource,omitempty"` // with its subresource: services/status
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
	URL         string `json:"url,omitempty"` // instead of a resource: /api, without its query
	IsForbidden bool   `json:"forbidden,omitempty"`
}

// recordUses writes what was asked of this cluster so far, if somebody wants to know.
func (c *Cluster) recordUses() error {
	folder := os.Getenv(UsesVariable)
	if folder == "" {
		return nil
	}
	uses := map[Use]bool{}
	err := c.AuditEvents(func(event AuditEvent) error {
		if strings.HasPrefix(event.User.Username, "system:serviceaccount:") {
			uses[useOf(event)] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.json", os.Getpid())))
	if err != nil {
		return err
	}
	defer file.Close()
	lines := json.NewEncoder(file)
	for use := range uses {
		if err := lines.Encode(use); err != nil {
			return err
		}
	}
	return file.Close()
}

func useOf(event AuditEvent) Use {
	use := Use{
		User:        event.User.Username,
		Verb:        event.Verb,
		IsForbidden: event.Annotations["authorization.k8s.io/decision"] == "forbid",
	}
	if event.ObjectRef == nil || event.ObjectRef.Resource == "" {
		use.URL, _, _ = strings.Cut(event.RequestURI, "?")
		return use
	}
	use.Group, use.Resource = event.ObjectRef.APIGroup, event.ObjectRef.Resource
	use.Namespace, use.Name = event.ObjectRef.Namespace, event.ObjectRef.Name
	if event.ObjectRef.Subresource != "" {
		use.Resource += "/" + event.ObjectRef.Subresource
	}
	return use
}

package faultproxy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is one request as the client has sent it, read to its end. An Action that wants another one sent
// passes on a changed copy.
type Request struct {
	Number int // of this proxy: 1, 2, ...
	At     time.Time

	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte

	// What the path says, in the words of Kubernetes' audit log. Empty for paths such as /readyz.
	Verb      string // get list watch create update patch delete deletecollection
	Group     string // "" for the core
	Resource  string // services, portallocations/status
	Namespace string
	Name      string // of a create: what the body says
}

// IsWrite tells whether the request asks for a change.
func (r *Request) IsWrite() bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead
}

// String is for messages: "update portledgers nodeport-95".
func (r *Request) String() string {
	name := r.Name
	if r.Namespace != "" {
		name = r.Namespace + "/" + name
	}
	if r.Resource == "" {
		return r.Method + " " + r.Path
	}
	return strings.TrimSpace(r.Verb + " " + r.Resource + " " + name)
}

// with returns a copy with another body.
func (r *Request) with(body []byte) *Request {
	changed := *r
	changed.Body = body
	return &changed
}

// read fills in what the path says.
func (r *Request) read() {
	steps := strings.Split(strings.Trim(r.Path, "/"), "/")
	switch {
	case len(steps) >= 3 && steps[0] == "api":
		steps = steps[2:]
	case len(steps) >= 4 && steps[0] == "apis":
		r.Group, steps = steps[1], steps[3:]
	default:
		return
	}
	if steps[0] == "namespaces" && len(steps) > 2 {
		r.Namespace, steps = steps[1], steps[2:]
	}
	r.Resource = steps[0]
	if len(steps) > 1 {
		r.Name = steps[1]
	}
	if len(steps) > 2 {
		r.Resource += "/" + strings.Join(steps[2:], "/")
	}
	r.Verb = r.verb()
	if r.Verb == "create" && r.Name == "" {
		var named struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		if json.Unmarshal(r.Body, &named) == nil { // the server says what is wrong with the others
			r.Name = named.Metadata.Name
		}
	}
}

func (r *Request) verb() string {
	one := r.Name != ""
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if one {
			return "delete"
		}
		return "deletecollection"
	case http.MethodGet, http.MethodHead:
		switch watch := r.Query.Get("watch"); {
		case watch == "true" || watch == "1":
			return "watch"
		case one:
			return "get"
		}
		return "list"
	}
	return strings.ToLower(r.Method)
}

// Match says which requests a rule is about: those that fit everything that is set.
type Match struct {
	Verbs     string // one or several, separated by blanks
	Resource  string // with its subresource, as in Request
	Namespace string
	Name      string
	Path      string // a prefix
	Where     func(*Request) bool

	Skip  int // so many that fit pass untouched first
	Times int // then so many are taken; 0: all
}

// Writes matches every request that asks for a change.
func Writes(r *Request) bool { return r.IsWrite() }

// Fits tells whether a request is meant, without regard to Skip and Times.
func (m Match) Fits(r *Request) bool {
	fits := func(wanted, is string) bool { return wanted == "" || wanted == is }
	if m.Verbs != "" && !contains(strings.Fields(m.Verbs), r.Verb) {
		return false
	}
	return fits(m.Resource, r.Resource) && fits(m.Namespace, r.Namespace) && fits(m.Name, r.Name) &&
		strings.HasPrefix(r.Path, m.Path) && (m.Where == nil || m.Where(r))
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}

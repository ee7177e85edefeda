package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// AuditLevel says how much the API servers write down about each request.
type AuditLevel string

// Reads are never recorded with their bodies.
const (
	AuditOff             AuditLevel = ""
	AuditMetadata        AuditLevel = "Metadata"        // who asked what, and what came of it
	AuditRequestResponse AuditLevel = "RequestResponse" // and for writes the bodies of both
)

// AuditEvent is one request as the API server saw it. It is written when the request is answered; a watch
// is written twice, when it begins and when it ends.
type AuditEvent struct {
	AuditID    string   `json:"auditID"`
	Stage      string   `json:"stage"` // ResponseComplete, ResponseStarted, Panic
	Verb       string   `json:"verb"`  // get list watch create update patch delete deletecollection
	RequestURI string   `json:"requestURI"`
	UserAgent  string   `json:"userAgent"`
	SourceIPs  []string `json:"sourceIPs"`
	User       struct {
		Username string   `json:"username"`
		Groups   []string `json:"groups"`
	} `json:"user"`
	ObjectRef *struct { // nil for paths such as /readyz
		Resource    string `json:"resource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
		UID         string `json:"uid"`
		APIGroup    string `json:"apiGroup"`
		APIVersion  string `json:"apiVersion"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code    int    `json:"code"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"responseStatus"`
	RequestObject  json.RawMessage   `json:"requestObject"`
	ResponseObject json.RawMessage   `json:"responseObject"`
	Received       time.Time         `json:"requestReceivedTimestamp"`
	Written        time.Time         `json:"stageTimestamp"`
	Annotations    map[string]string `json:"annotations"` // authorization.k8s.io/decision and /reason, among others
}

// IsWrite tells whether the request asked for a change.
func (e AuditEvent) IsWrite() bool {
	switch e.Verb {
	case "create", "update", "patch", "delete", "deletecollection":
		return true
	}
	return false
}

// AuditEvents calls each for every request that any API server has answered so far. Requests to different
// servers come one server after the other. Options.Audit must be on. An error of each ends it.
func (c *Cluster) AuditEvents(each func(AuditEvent) error) error {
	if c.options.Audit == AuditOff {
		return errors.New("the cluster was started without Options.Audit")
	}
	paths, err := filepath.Glob(c.auditPath("*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := readAudit(path, each); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

const eventStart = `{"kind":"Event","apiVersion":"audit.k8s.io/`

func readAudit(path string, each func(AuditEvent) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what has no end yet is being written
		}
		if err != nil {
			return err
		}
		// A server that was killed in the middle of a line goes on in the same one when it is started again.
		if last := bytes.LastIndex(line, []byte(eventStart)); last > 0 {
			line = line[last:]
		}
		var event AuditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return err
		}
		if err := each(event); err != nil {
			return err
		}
	}
}

func (c *Cluster) auditPath(name string) string {
	return filepath.Join(c.LogDir(), name+"-audit.log")
}

// writeAuditPolicy writes the file that every API server reads when it starts.
func (c *Cluster) writeAuditPolicy() error {
	if c.options.Audit == AuditOff {
		return nil
	}
	if c.options.Audit != AuditMetadata && c.options.Audit != AuditRequestResponse {
		return fmt.Errorf("unknown audit level %q", c.options.Audit)
	}
	policy := fmt.Sprintf(`apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [get, list, watch]
- level: %s
`, c.options.Audit)
	return os.WriteFile(c.path("audit-policy.yaml"), []byte(policy), 0o644)
}

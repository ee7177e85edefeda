// Package gate holds the shipped webhook, built without sanitizers, to the gate of its HTTP server: what thousands
// of clients that break off leave behind. That every kind of bad client is refused is shown by the tests of
// kube/http, with sanitizers.
package gate

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const (
	clients = 10_000 // per round
	atOnce  = 16
	growth  = 5 << 20 // bytes that two rounds may add to the memory
	soon    = 30 * time.Second
)

// breakOff is one way to leave a server alone. Some wait for nothing, some hang up in the middle of a sentence.
type breakOff struct {
	name string
	do   func(address string) error
}

var waysToBreakOff = []breakOff{
	{"connects and goes", func(address string) error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}},
	{"half a ClientHello", func(address string) error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		// A TLS record that promises 512 bytes and holds six.
		_, _ = conn.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3})
		return reset(conn)
	}},
	{"goes after the handshake", func(address string) error { return afterHandshake(address, "") }},
	{"half a header", func(address string) error {
		return afterHandshake(address, "POST /validate HTTP/1.1\r\nHost: webh")
	}},
	{"half a body", func(address string) error {
		return afterHandshake(address, "POST /validate HTTP/1.1\r\nHost: webhook\r\nContent-Type: application/json\r\n"+
			"Content-Length: 5000\r\n\r\n{\"apiVersion\":\"admission.k8s.io/v1\","+strings.Repeat(" ", 2000))
	}},
}

func afterHandshake(address, text string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // who answers is not the question here
	if err := secured.Handshake(); err != nil {
		conn.Close()
		return fmt.Errorf("TLS handshake: %w", err)
	}
	_, _ = secured.Write([]byte(text))
	return reset(conn)
}

// reset ends a connection without a goodbye.
func reset(conn net.Conn) error {
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		return err
	}
	return conn.Close()
}

// storm lets `count` clients break off, of each kind as many.
func storm(t *testing.T, address string, count int) {
	t.Helper()
	var next atomic.Int64
	var failed sync.Map
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for i := next.Add(1); i <= int64(count); i = next.Add(1) {
				way := waysToBreakOff[int(i)%len(waysToBreakOff)]
				if err := way.do(address); err != nil {
					failed.Store(way.name, err)
				}
			}
		})
	}
	group.Wait()
	failed.Range(func(name, err any) bool {
		t.Errorf("a client that %s: %v", name, err)
		return true
	})
}

func TestTwentyThousandClientsThatBreakOffLeaveNothingBehind(t *testing.T) {
	webhook := startWebhook(t)
	address := strings.TrimPrefix(webhook.URL, "https://")
	storm(t, address, clients/10) // what is allocated once and kept
	before := atRest(t, webhook, 0)
	began := time.Now()
	for range 2 {
		storm(t, address, clients)
	}
	took := time.Since(began)
	after := atRest(t, webhook, before.Files)
	t.Logf("%d clients in %.1f s; memory %.1f MB before, %.1f MB after; open files %d and %d", 2*clients,
		took.Seconds(), mb(before.RSS), mb(after.RSS), before.Files, after.Files)
	if after.RSS > before.RSS+growth {
		t.Errorf("memory grew from %.1f to %.1f MB", mb(before.RSS), mb(after.RSS))
	}
	if err := webhook.Check(t.Context()); err != nil {
		t.Errorf("the webhook is not ready any more: %v", err)
	}
	if err := afterHandshake(address, ""); err != nil {
		t.Errorf("the webhook does not serve any more: %v", err)
	}
}

func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// atRest waits until the process has no more than `files` open files (0: until their number stands still).
func atRest(t *testing.T, program *programs.Program, files int) process.Usage {
	t.Helper()
	var last process.Usage
	kube.Eventually(t, soon, "the connections to be given back", func(context.Context) error {
		usage, err := program.Usage()
		if err != nil {
			return err
		}
		previous := last
		last = usage
		if files == 0 && previous.Files != usage.Files || files != 0 && usage.Files > files {
			return fmt.Errorf("%d files are open", usage.Files)
		}
		return nil
	})
	return last
}

func startWebhook(t *testing.T) *programs.Program {
	t.Helper()
	client := kube.MustNew(t, shared.AdminConfig())
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/webhook-rbac.yaml"} {
		if _, err := client.ApplyPath(t.Context(), filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := shared.ServiceAccountConfig(t.Context(), programs.Namespace, "berth-webhook")
	if err != nil {
		t.Fatal(err)
	}
	webhook, err := programs.StartWebhook(t.Context(), programs.WebhookOptions{
		Options: programs.Options{Config: config, Dir: t.TempDir()},
	})
	if err != nil {
		t.Fatal(err)
	}
	webhook.EndWith(t)
	return webhook
}

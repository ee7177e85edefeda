package main

import (
	"os"
	"path/filepath"
	"testing"

	"berth.dev/e2e/process"
)

func TestOnlyLoopbackAddressesCountAsThisMachine(t *testing.T) {
	for server, want := range map[string]bool{
		"https://127.0.0.1:6443":         true,
		"https://127.0.0.53:6443":        true,
		"https://localhost:6443":         true,
		"https://[::1]:6443":             true,
		"https://10.0.0.1:6443":          false,
		"https://localhost.example.org":  false,
		"https://[2001:db8::1]:6443":     false,
		"https://127.0.0.1.example.org/": false,
		"":                               false,
	} {
		if got := onLoopback(server); got != want {
			t.Errorf("%s: got %v", server, got)
		}
	}
}

func TestThePortOfTheWebhookIsThatOfItsURL(t *testing.T) {
	for url, want := range map[string]int{"https://10.0.0.1:9443": 9443, "https://berth.example.org": 443, "https://[::1]:8443": 8443} {
		if got, err := portOf(url); err != nil || got != want {
			t.Errorf("%s: got %d, %v", url, got, err)
		}
	}
	for _, url := range []string{"10.0.0.1:9443", "http://10.0.0.1:9443", "https://", "https://:9443"} {
		if got, err := portOf(url); err == nil {
			t.Errorf("%s: got %d, want an error", url, got)
		}
	}
}

func TestWhatIsKnownOfTheProgramsIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	m, err := remember(dir)
	if err != nil || len(m.Programs) != 0 {
		t.Fatalf("got %v, %v of a folder that does not exist", m, err)
	}
	want := remembered{Binary: "abc", HealthPort: 1, Port: 2, Handle: process.Handle{PID: 3, Start: 4}}
	m.Programs["berth-webhook"] = want
	if err := m.write(); err != nil {
		t.Fatal(err)
	}
	again, err := remember(dir)
	if err != nil || again.Programs["berth-webhook"] != want {
		t.Fatalf("got %v, %v", again, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := remember(dir); err == nil {
		t.Error("a broken file is not noticed")
	}
}

func TestABuildIsKnownByItsContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	var seen []string
	for _, content := range []string{"one", "two", "one"} {
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		sum, err := digest(path)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, sum)
	}
	if seen[0] == seen[1] || seen[0] != seen[2] {
		t.Errorf("got %v", seen)
	}
	if _, err := digest(path + ".not"); err == nil {
		t.Error("a file that does not exist has a digest")
	}
}

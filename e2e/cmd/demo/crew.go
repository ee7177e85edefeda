package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
)

// This file is about the two programs: started once and then kept, until they are built anew.

// tokenLifetime is what the demo asks for its programs, which nobody gives a new one.
const tokenLifetime = 365 * 24 * time.Hour

// remembered is what the next command has to know of a program.
type remembered struct {
	Binary     string         `json:"binary"` // SHA-256
	HealthPort int            `json:"healthPort"`
	Port       int            `json:"port,omitempty"`
	URL        string         `json:"url,omitempty"` // at which the API server reaches it, if not on loopback
	Handle     process.Handle `json:"handle"`
}

// memory is kept in a file of the ground's folder.
type memory struct {
	path     string
	Programs map[string]remembered `json:"programs"`
}

func remember(dir string) (*memory, error) {
	m := &memory{path: filepath.Join(dir, "demo.json"), Programs: map[string]remembered{}}
	text, err := os.ReadFile(m.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return m, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	return m, nil
}

func (m *memory) write() error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(m.path, text, 0o644)
}

// crew are the programs of Berth on a ground.
type crew struct{ operator, webhook *programs.Program }

// hire has both programs running on the ground, the present builds of them, and ready.
func hire(ctx context.Context, g *ground) (*crew, error) {
	m, err := remember(g.dir)
	if err != nil {
		return nil, err
	}
	operator, err := g.common(ctx, m, "berth-operator", story.OperatorAccount)
	if err != nil {
		return nil, err
	}
	webhook, err := g.common(ctx, m, "berth-webhook", story.WebhookAccount)
	if err != nil {
		return nil, err
	}
	var c crew
	if c.operator, err = programs.NewOperator(programs.OperatorOptions{Options: operator}); err != nil {
		return nil, err
	}
	port, err := reserve(m.Programs["berth-webhook"].Port)
	if err != nil {
		return nil, err
	}
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	if g.webhookURL != "" {
		if port, err = portOf(g.webhookURL); err != nil {
			return nil, err
		}
		listen = fmt.Sprintf("0.0.0.0:%d", port)
	}
	c.webhook, err = programs.NewWebhook(programs.WebhookOptions{Options: webhook, Port: port, URL: g.webhookURL})
	if err != nil {
		return nil, err
	}
	if at := slices.Index(c.webhook.Spec.Args, "--listen"); at >= 0 {
		c.webhook.Spec.Args[at+1] = listen
	}
	if err := g.employ(ctx, m, c.operator, remembered{HealthPort: operator.HealthPort}); err != nil {
		return nil, err
	}
	return &c, g.employ(ctx, m, c.webhook, remembered{HealthPort: webhook.HealthPort, Port: port, URL: g.webhookURL})
}

// common are the options of both programs.
func (g *ground) common(ctx context.Context, m *memory, name, account string) (programs.Options, error) {
	config, err := story.Access(ctx, g.place.Client, account, tokenLifetime)
	if err != nil {
		return programs.Options{}, err
	}
	health, err := reserve(m.Programs[name].HealthPort)
	return programs.Options{Config: config, Dir: g.dir, Name: name, HealthPort: health, Detached: true}, err
}

// employ starts a program, or keeps it if the very same runs, as it is wanted, and is well.
func (g *ground) employ(ctx context.Context, m *memory, program *programs.Program, wanted remembered) (err error) {
	if wanted.Binary, err = digest(program.Spec.Path); err != nil {
		return err
	}
	running := g.keep(program.Service)
	known := m.Programs[program.Name()]
	wanted.Handle = known.Handle
	if running && (known != wanted || program.Check(ctx) != nil) {
		if err := program.Stop(); err != nil && !errors.Is(err, process.ErrKilled) {
			return err
		}
		running = false
	}
	if !running {
		if err := program.Start(ctx); err != nil {
			return errors.Join(err, program.Kill())
		}
	}
	wanted.Handle = program.Process().Handle()
	m.Programs[program.Name()] = wanted
	return m.write()
}

// reserve returns the port that was used before, or else a free one.
func reserve(before int) (int, error) {
	if before != 0 {
		return before, nil
	}
	return process.FreePort()
}

func portOf(webhookURL string) (int, error) {
	parsed, err := url.Parse(webhookURL)
	if err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" {
		return 0, fmt.Errorf("--webhook-url %q is not https://HOST:PORT", webhookURL)
	}
	port := parsed.Port()
	if port == "" {
		return 443, nil
	}
	return strconv.Atoi(port)
}

// onLoopback tells whether an API server at this address runs on this machine, as far as an address can tell.
func onLoopback(server string) bool {
	parsed, err := url.Parse(server)
	if err != nil {
		return false
	}
	host := parsed.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Package programs runs Berth's own programs, berth-operator and berth-webhook, against a cluster, as real
// processes with real signals.
//
//	operator, err := programs.StartOperator(ctx, programs.OperatorOptions{
//		Options: programs.Options{Config: c.AdminConfig(), Dir: t.TempDir()},
//	})
//	if err != nil { ... }
//	operator.EndWith(t)
//
// A Program is a process.Service: Stop (SIGTERM), Kill (SIGKILL), Pause and Resume (SIGSTOP, SIGCONT),
// Restart, Usage. It keeps its ports, its identity and its log when it is started again.
//
// The programs are taken from $BERTH_BUILD/bin, by default build/bin of the source tree.
package programs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/process"
	"k8s.io/client-go/rest"
)

// Namespace is where the programs live unless told otherwise: the lease of the operator, the certificate
// of the webhook. It must exist before they start.
const Namespace = "berth-system"

// Options are common to both programs.
type Options struct {
	// Config is the access that the program gets, written as a kubeconfig. Kubeconfig names an existing
	// file instead. One of the two must be set.
	Config     *rest.Config
	Kubeconfig string

	Dir       string   // folder for log and kubeconfig; must be set
	Name      string   // names both; by default that of the program. Two in one Dir need two names.
	Binary    string   // the executable, if not the one that was built
	Namespace string   // default Namespace
	LogFormat string   // text or json; default text
	LogLevel  string   // default info
	Args      []string // further arguments, behind all others
	Env       []string // KEY=VALUE, added to ours

	HealthPort int           // /healthz, /readyz, /metrics; 0: a free one
	Detached   bool          // outlives the caller, see process.Spec
	Timeout    time.Duration // for getting ready; 0: 30 seconds
}

// OperatorOptions are those of berth-operator. Zero durations leave its defaults (15 s, 10 s, 2 s).
type OperatorOptions struct {
	Options
	Identity      string // in the lease; default: its name and its health port
	LeaseDuration time.Duration
	RenewDeadline time.Duration
	RetryPeriod   time.Duration
}

// WebhookOptions are those of berth-webhook.
type WebhookOptions struct {
	Options
	Port              int      // HTTPS; 0: a free one
	ServiceName       string   // registers by this Service instead of by the url of Port
	URL               string   // registers with this url instead, for example of a proxy
	ExcludeNamespaces []string // nil leaves its default
}

// Program is a running berth-operator or berth-webhook.
type Program struct {
	*process.Service
	HealthURL string // http://127.0.0.1:PORT, without a path
	URL       string // https://127.0.0.1:PORT of a webhook
	Identity  string // of an operator

	healthPort int
}

// StartOperator starts berth-operator and waits until /readyz says yes, which it also does for one that
// waits for the lease.
func StartOperator(ctx context.Context, options OperatorOptions) (*Program, error) {
	program, err := NewOperator(options)
	if err != nil {
		return nil, err
	}
	return program, program.startOrEnd(ctx)
}

// NewOperator is StartOperator without the start.
func NewOperator(options OperatorOptions) (*Program, error) {
	program, args, err := options.prepare("berth-operator")
	if err != nil {
		return nil, err
	}
	program.Identity = options.Identity
	if program.Identity == "" {
		program.Identity = fmt.Sprintf("%s-%d", program.Name(), program.healthPort)
	}
	args = append(args, "--identity", program.Identity)
	for _, setting := range []struct {
		flag  string
		value time.Duration
	}{
		{"--lease-duration", options.LeaseDuration},
		{"--renew-deadline", options.RenewDeadline},
		{"--retry-period", options.RetryPeriod},
	} {
		if setting.value != 0 {
			args = append(args, setting.flag, duration(setting.value))
		}
	}
	program.Spec.Args = append(args, options.Args...)
	return program, nil
}

// StartWebhook starts berth-webhook and waits until /readyz says yes: it is registered and serves.
func StartWebhook(ctx context.Context, options WebhookOptions) (*Program, error) {
	program, err := NewWebhook(options)
	if err != nil {
		return nil, err
	}
	return program, program.startOrEnd(ctx)
}

// NewWebhook is StartWebhook without the start.
func NewWebhook(options WebhookOptions) (*Program, error) {
	program, args, err := options.prepare("berth-webhook")
	if err != nil {
		return nil, err
	}
	port := options.Port
	if port == 0 {
		if port, err = process.FreePort(); err != nil {
			return nil, err
		}
	}
	program.URL = fmt.Sprintf("https://127.0.0.1:%d", port)
	args = append(args, "--listen", fmt.Sprintf("127.0.0.1:%d", port))
	switch {
	case options.ServiceName != "":
		args = append(args, "--service-name", options.ServiceName)
	case options.URL != "":
		args = append(args, "--url", options.URL)
	default:
		args = append(args, "--url", program.URL)
	}
	if options.ExcludeNamespaces != nil {
		args = append(args, "--exclude-namespaces", strings.Join(options.ExcludeNamespaces, ","))
	}
	program.Spec.Args = append(args, options.Args...)
	return program, nil
}

// prepare makes what both programs have in common.
func (o Options) prepare(program string) (*Program, []string, error) {
	if o.Dir == "" || (o.Config == nil) == (o.Kubeconfig == "") {
		return nil, nil, errors.New("programs need Dir, and one of Config and Kubeconfig")
	}
	name := o.Name
	if name == "" {
		name = program
	}
	binary := o.Binary
	if binary == "" {
		var err error
		if binary, err = Built(program); err != nil {
			return nil, nil, err
		}
	}
	kubeconfig := o.Kubeconfig
	if o.Config != nil {
		if err := os.MkdirAll(o.Dir, 0o755); err != nil {
			return nil, nil, err
		}
		kubeconfig = filepath.Join(o.Dir, name+".kubeconfig")
		if err := cluster.WriteKubeconfig(kubeconfig, o.Config); err != nil {
			return nil, nil, err
		}
	}
	port := o.HealthPort
	if port == 0 {
		var err error
		if port, err = process.FreePort(); err != nil {
			return nil, nil, err
		}
	}
	args := []string{"--kubeconfig", kubeconfig, "--health-listen", fmt.Sprintf("127.0.0.1:%d", port)}
	for _, setting := range [][2]string{
		{"--namespace", o.Namespace},
		{"--log-format", o.LogFormat},
		{"--log-level", o.LogLevel},
	} {
		if setting[1] != "" {
			args = append(args, setting[0], setting[1])
		}
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	p := &Program{HealthURL: fmt.Sprintf("http://127.0.0.1:%d", port), healthPort: port}
	p.Service = &process.Service{
		Spec: process.Spec{
			Name:     name,
			Path:     binary,
			Env:      o.Env,
			Log:      filepath.Join(o.Dir, name+".log"),
			Detached: o.Detached,
		},
		Ready:   func(ctx context.Context) error { return process.AnswersOK(ctx, nil, p.HealthURL+"/readyz") },
		Timeout: timeout,
		Grace:   30 * time.Second, // what Kubernetes grants a Pod
	}
	return p, args, nil
}

func (p *Program) startOrEnd(ctx context.Context) error {
	err := p.Start(ctx)
	if err != nil {
		_ = p.Kill()
	}
	return err
}

// Live returns nil if /healthz says yes.
func (p *Program) Live(ctx context.Context) error {
	return process.AnswersOK(ctx, nil, p.HealthURL+"/healthz")
}

// LogText returns what the program has written so far, over all its starts.
func (p *Program) LogText() (string, error) {
	text, err := os.ReadFile(p.Spec.Log)
	return string(text), err
}

// EndWith kills the program when the test ends and, if the test has failed, shows the end of its log.
func (p *Program) EndWith(t testing.TB) {
	t.Cleanup(func() {
		_ = p.Kill()
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", p.Name(), process.Tail(p.Spec.Log, 40))
		}
	})
}

// Built returns the path of a program of the build: in $BERTH_BUILD/bin, or in build/bin of the source tree.
func Built(program string) (string, error) {
	build := os.Getenv("BERTH_BUILD")
	if build == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		build = filepath.Join(root, "build")
	}
	path := filepath.Join(build, "bin", program)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: build it first, or set BERTH_BUILD to the build folder", err)
	}
	return path, nil
}

// Root returns the top of the source tree: the folder above e2e that holds the working folder.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "e2e", "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside the source tree of Berth", start)
		}
	}
}

// duration writes a duration as the programs read it: in seconds, or in milliseconds if it has parts.
func duration(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

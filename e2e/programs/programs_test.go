package programs_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The tests start themselves as a stand-in for the real programs: this is about starting and ending them,
// not about what they do.
const standIn = "BERTH_TEST_STAND_IN"

func TestMain(m *testing.M) {
	if kind := os.Getenv(standIn); kind != "" {
		os.Exit(runStandIn(kind))
	}
	os.Exit(m.Run())
}

func runStandIn(kind string) int {
	fmt.Println("called with", strings.Join(os.Args[1:], " "))
	if kind == "refuses" {
		fmt.Println("unknown flag: --whatever")
		return 2
	}
	if kind == "ignores SIGTERM" {
		signal.Ignore(syscall.SIGTERM)
	}
	index := slices.Index(os.Args, "--health-listen")
	listener, err := net.Listen("tcp", os.Args[index+1])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# TYPE writes counter\nwrites{kind=\"A b\",uid=\"1\"} 3\nwrites{kind=\"C\",id=\"1\"} 4\n")
	})
	if kind == "is never ready" {
		listener.Close()
		select {}
	}
	fmt.Println(http.Serve(listener, nil))
	return 1
}

func options(t *testing.T, kind string) programs.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return programs.Options{
		Config:  &rest.Config{Host: "https://127.0.0.1:1", BearerToken: "token"},
		Dir:     t.TempDir(),
		Binary:  self,
		Env:     []string{standIn + "=" + kind},
		Timeout: 20 * time.Second,
	}
}

func operator(t *testing.T, kind string) *programs.Program {
	t.Helper()
	program, err := programs.StartOperator(t.Context(), programs.OperatorOptions{Options: options(t, kind)})
	if err != nil {
		t.Fatal(err)
	}
	program.EndWith(t)
	return program
}

func TestOperatorIsCalledWithWhatTheOptionsSay(t *testing.T) {
	o := options(t, "serves")
	o.Name, o.Namespace, o.LogFormat, o.LogLevel, o.Args = "first", "elsewhere", "json", "debug", []string{"--more"}
	program, err := programs.StartOperator(t.Context(), programs.OperatorOptions{
		Options: o, Identity: "me", LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 250 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	program.EndWith(t)
	log, err := program.LogText()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(o.Dir, "first.kubeconfig")
	want := "called with --kubeconfig " + kubeconfig + " --health-listen " + strings.TrimPrefix(program.HealthURL, "http://") +
		" --namespace elsewhere --log-format json --log-level debug --identity me" +
		" --lease-duration 3s --renew-deadline 2s --retry-period 250ms --more\n"
	if log != want {
		t.Errorf("got  %swant %s", log, want)
	}
	read, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil || read.BearerToken != "token" || read.Host != o.Config.Host {
		t.Errorf("kubeconfig: %v, %v", read, err)
	}
}

func TestWebhookRegistersByURLUnlessAServiceIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*programs.WebhookOptions)
		want   string
	}{
		"default": {func(*programs.WebhookOptions) {}, "--listen 127.0.0.1:PORT --url https://127.0.0.1:PORT\n"},
		"proxy": {func(o *programs.WebhookOptions) { o.URL = "https://127.0.0.1:9" },
			"--listen 127.0.0.1:PORT --url https://127.0.0.1:9\n"},
		"service": {func(o *programs.WebhookOptions) { o.ServiceName = "hook"; o.ExcludeNamespaces = []string{"a", "b"} },
			"--listen 127.0.0.1:PORT --service-name hook --exclude-namespaces a,b\n"},
	} {
		t.Run(name, func(t *testing.T) {
			o := programs.WebhookOptions{Options: options(t, "serves")}
			test.change(&o)
			program, err := programs.StartWebhook(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			program.EndWith(t)
			log, err := program.LogText()
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(test.want, "PORT", program.URL[strings.LastIndexByte(program.URL, ':')+1:])
			if !strings.HasSuffix(log, want) {
				t.Errorf("got %s, want the end %s", log, want)
			}
		})
	}
}

func TestAProgramThatEndsWhileStartingIsReportedAtOnceWithItsLastWords(t *testing.T) {
	began := time.Now()
	_, err := programs.StartOperator(t.Context(), programs.OperatorOptions{Options: options(t, "refuses")})
	if err == nil || !strings.Contains(err.Error(), "exit status 2") || !strings.Contains(err.Error(), "unknown flag: --whatever") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("noticed after %s", took)
	}
}

func TestAProgramThatIsNeverReadyIsEndedAndReported(t *testing.T) {
	o := options(t, "is never ready")
	o.Timeout = 500 * time.Millisecond
	program, err := programs.StartOperator(t.Context(), programs.OperatorOptions{Options: o})
	if err == nil || !strings.Contains(err.Error(), "is not ready after") {
		t.Errorf("got %v", err)
	}
	if program.Process().Alive() {
		t.Error("it still runs")
	}
}

func TestStopEndsAProgramAndStartBringsItBackAtTheSamePlace(t *testing.T) {
	program := operator(t, "serves")
	first, place := program.Process().PID(), program.HealthURL
	if err := program.Stop(); err != nil {
		t.Fatal(err)
	}
	if program.Process().Alive() || program.Check(t.Context()) == nil {
		t.Error("it still runs")
	}
	if err := program.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if program.Process().PID() == first || program.HealthURL != place {
		t.Errorf("process %d then %d, at %s then %s", first, program.Process().PID(), place, program.HealthURL)
	}
	if err := program.Live(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStopKillsAProgramThatDoesNotEndAndSaysSo(t *testing.T) {
	program := operator(t, "ignores SIGTERM")
	program.Grace = 200 * time.Millisecond
	if err := program.Stop(); !errors.Is(err, process.ErrKilled) {
		t.Errorf("got %v", err)
	}
	if program.Process().Alive() {
		t.Error("it still runs")
	}
}

func TestAPausedProgramAnswersAgainWhenResumed(t *testing.T) {
	program := operator(t, "serves")
	if err := program.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := program.Live(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused program: %v", err)
	}
	if err := program.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := program.Live(t.Context()); err != nil {
		t.Error(err)
	}
	// Paused ones end, too.
	if err := errors.Join(program.Pause(), program.Stop()); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreAddedUpByNameAndLabels(t *testing.T) {
	program := operator(t, "serves")
	metrics, err := program.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		labels []string
		sum    float64
		found  int
	}{
		{nil, 7, 2},
		{[]string{`kind="A b"`}, 3, 1},
		{[]string{`id="1"`}, 4, 1},
		{[]string{`id="1"`, `kind="A b"`}, 0, 0},
	} {
		if sum, found := metrics.Sum("writes", test.labels...); sum != test.sum || found != test.found {
			t.Errorf("%v: %v in %d samples", test.labels, sum, found)
		}
	}
}

func TestUsageTellsMemoryFilesAndThreads(t *testing.T) {
	usage, err := operator(t, "serves").Usage()
	if err != nil {
		t.Fatal(err)
	}
	if usage.RSS < 1<<20 || usage.PeakRSS < usage.RSS || usage.Files < 3 || usage.Threads < 1 {
		t.Errorf("%+v", usage)
	}
}

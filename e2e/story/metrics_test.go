package story

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// described is a row of docs/metrics.md.
type described struct {
	section string // "The operator", "The webhook", "Both"
	kind    string // counter, gauge, histogram
	labels  []string
	lazy    bool // no series before the first event
}

var metricName = regexp.MustCompile("`(\\w+)`")

func readMetricsPage(t *testing.T) map[string]described {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]described{}
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if heading, found := strings.CutPrefix(line, "## "); found {
			section = heading
		}
		if !strings.HasPrefix(line, "| `") || section == "Of others" {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		one := described{section: section, kind: strings.TrimSpace(cells[1]), lazy: strings.Contains(cells[4], "from the first on")}
		for _, label := range metricName.FindAllStringSubmatch(cells[2], -1) {
			one.labels = append(one.labels, label[1])
		}
		slices.Sort(one.labels)
		page[metricName.FindStringSubmatch(cells[0])[1]] = one
	}
	return page
}

// exposed is what /metrics of a program says: the type of each metric, and the labels of its series.
func exposed(t *testing.T, program *programs.Program) (types map[string]string, labels map[string][]string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, program.HealthURL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	types, labels = map[string]string{}, map[string][]string{}
	label := regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
	name := ""
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) == 4 && words[1] == "TYPE" {
			name = words[2]
			types[name] = words[3]
		}
		if lines.Text() == "" || lines.Text()[0] == '#' {
			continue
		}
		labels[name] = []string{}
		for _, one := range label.FindAllStringSubmatch(lines.Text(), -1) {
			if one[1] != "le" {
				labels[name] = append(labels[name], one[1])
			}
		}
		slices.Sort(labels[name])
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return types, labels
}

func TestMetricsAreAsTheirPageSays(t *testing.T) {
	w := connect(t)
	// Somebody to count: a range and a policy.
	w.MustApply(t, "", `{apiVersion: berth.dev/v1alpha1, kind: PortRange, metadata: {name: counted},
  spec: {space: NodePort, ports: ["32100-32109"]}}`)
	w.MustApply(t, "", `{apiVersion: berth.dev/v1alpha1, kind: ExposurePolicy, metadata: {name: counted},
  spec: {namespaceSelector: {matchLabels: {counted: "yes"}}, internal: [{port: 5499, service: Counted}]}}`)
	t.Cleanup(func() {
		for _, kind := range []string{"prange", "xpol"} {
			if err := w.Delete(context.Background(), kind, "", "counted"); err != nil {
				t.Error(err)
			}
		}
	})
	for _, kind := range []string{"prange", "xpol"} {
		w.AwaitCondition(t, soon, kind, "", "counted", "Ready", "True")
	}
	kube.Eventually(t, soon, "all to be counted", func(ctx context.Context) error {
		for program, name := range map[*programs.Program]string{w.operator: "berth_ports", w.webhook: "berth_exposure_violations"} {
			metrics, err := program.Metrics(ctx)
			if err != nil {
				return err
			}
			if _, found := metrics.Sum(name); found == 0 {
				return fmt.Errorf("%s has no %s yet", program.Name(), name)
			}
		}
		return nil
	})
	page := readMetricsPage(t)
	if len(page) < 40 {
		t.Fatalf("only %d metrics were found in docs/metrics.md", len(page))
	}
	for section, program := range map[string]*programs.Program{"The operator": w.operator, "The webhook": w.webhook} {
		types, labels := exposed(t, program)
		for name, kind := range types {
			one, found := page[name]
			switch {
			case !found || one.section != section && one.section != "Both":
				t.Errorf("%s exposes %s, of which docs/metrics.md does not tell under %q", program.Name(), name, section)
			case one.kind != kind:
				t.Errorf("%s is a %s, not a %s", name, kind, one.kind)
			case labels[name] != nil && !slices.Equal(labels[name], one.labels) && len(labels[name])+len(one.labels) > 0:
				t.Errorf("%s has the labels %v, not %v", name, labels[name], one.labels)
			}
		}
		for name, one := range page {
			// Kinds that nobody reads are not installed here.
			ofUnknown := name == "berth_unwatched_exposing_kinds"
			if (one.section == section || one.section == "Both") && types[name] == "" && !one.lazy && !ofUnknown {
				t.Errorf("%s does not expose %s", program.Name(), name)
			}
		}
	}
}

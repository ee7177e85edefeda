package programs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metrics are the samples of one scrape, by name and labels exactly as they are exposed:
// berth_writes_total{kind="Service",verb="create"}.
type Metrics map[string]float64

// Metrics reads /metrics.
func (p *Program) Metrics(ctx context.Context) (Metrics, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.HealthURL+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return ParseMetrics(response.Body)
}

// ParseMetrics reads the text format of Prometheus, without timestamps and exemplars.
func ParseMetrics(text io.Reader) (Metrics, error) {
	metrics := Metrics{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		// Labels may hold blanks; the value does not.
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, fmt.Errorf("not a sample: %q", line)
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("not a sample: %q: %w", line, err)
		}
		metrics[strings.TrimSpace(line[:at])] = value
	}
	return metrics, lines.Err()
}

// Sum adds up all samples of a name that carry all of the given labels (each as name="value"); found tells
// how many there were.
func (m Metrics) Sum(name string, labels ...string) (sum float64, found int) {
	for sample, value := range m {
		base, rest, _ := strings.Cut(sample, "{")
		if base != name {
			continue
		}
		all := true
		for _, label := range labels {
			// Bounded on the left, so that id="1" does not find uid="1".
			all = all && (strings.HasPrefix(rest, label) || strings.Contains(rest, ","+label))
		}
		if all {
			sum += value
			found++
		}
	}
	return sum, found
}

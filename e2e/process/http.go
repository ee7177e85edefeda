package process

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
)

// AnswersOK asks an HTTP endpoint for status 200, on a connection of its own.
func AnswersOK(ctx context.Context, tlsConfig *tls.Config, url string) error {
	transport := &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: nobody listens yet", url)
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	return fmt.Errorf("%s answers %s: %s", url, response.Status, failedChecks(string(body)))
}

// failedChecks leaves out the checks that passed ("[+]ping ok") from what /readyz says.
func failedChecks(body string) string {
	var failed []string
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "[+]") && strings.TrimSpace(line) != "" {
			failed = append(failed, strings.TrimSpace(line))
		}
	}
	return strings.Join(failed, "; ")
}

package faultproxy_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/faultproxy"
)

// await waits until something that a request of the proxy brings about.
func await(t *testing.T, proxy *faultproxy.Proxy, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := proxy.Await(ctx, done); err != nil {
		t.Fatal(err)
	}
}

// openWatch returns the events of a watch, one line each, until it ends.
func openWatch(t *testing.T, client *http.Client, proxy *faultproxy.Proxy) <-chan string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", proxy.URL()+"/api/v1/services?watch=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		defer response.Body.Close()
		for reader := bufio.NewReader(response.Body); ; {
			line, err := reader.ReadBytes('\n')
			if err != nil {
				return
			}
			lines <- string(bytes.TrimSpace(line))
		}
	}()
	return lines
}

// ticking answers watches with an event per tick and never ends them.
func ticking(ticks <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case tick := <-ticks:
				fmt.Fprintln(w, tick)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}
}

func TestEventsOfAWatchPassAsTheyCome(t *testing.T) {
	ticks := make(chan string)
	_, proxy, client := start(t, ticking(ticks))
	lines := openWatch(t, client, proxy)
	for _, tick := range []string{"one", "two"} {
		ticks <- tick
		if got := <-lines; got != tick {
			t.Errorf("%q, want %q", got, tick)
		}
	}
}

func TestAShutValveKeepsEventsAndLosesNone(t *testing.T) {
	ticks := make(chan string)
	_, proxy, client := start(t, ticking(ticks))
	valve := faultproxy.NewValve(false)
	proxy.When(faultproxy.Match{Verbs: "watch"}, faultproxy.Through(valve))
	lines := openWatch(t, client, proxy)
	ticks <- "one"
	if got := <-lines; got != "one" {
		t.Fatal(got)
	}
	valve.Shut()
	ticks <- "two" // the server can send on
	ticks <- "three"
	select {
	case line := <-lines:
		t.Fatalf("%s came through a shut valve", line)
	case <-time.After(50 * time.Millisecond): // that nothing comes takes time
	}
	valve.Open()
	for _, want := range []string{"two", "three"} {
		if got := <-lines; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestACutWatchEndsForBothSides(t *testing.T) {
	ticks := make(chan string)
	ended := make(chan struct{})
	_, proxy, client := start(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		ticking(ticks)(w, r)
	})
	lines := openWatch(t, client, proxy)
	if open := proxy.Watching(faultproxy.Match{Resource: "services"}); open != 1 {
		t.Fatalf("%d watches are open", open)
	}
	if cut := proxy.Cut(faultproxy.Match{Resource: "pods"}); cut != 0 {
		t.Errorf("%d watches of another kind were cut", cut)
	}
	if cut := proxy.Cut(faultproxy.Match{Resource: "services"}); cut != 1 {
		t.Errorf("%d watches were cut", cut)
	}
	for line := range lines {
		t.Errorf("%q came", line)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the API server was not told")
	}
}

func TestAnExpiredWatchSaysSoAndEnds(t *testing.T) {
	_, proxy, client := start(t, nil)
	proxy.When(faultproxy.Match{Verbs: "watch"}, faultproxy.Expire())
	var got []string
	for line := range openWatch(t, client, proxy) {
		got = append(got, line)
	}
	if len(got) != 1 || !strings.Contains(got[0], `"type":"ERROR"`) || !strings.Contains(got[0], `"code":410`) ||
		!strings.Contains(got[0], `"reason":"Expired"`) {
		t.Errorf("%v", got)
	}
}

package faultproxy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
)

type openWatch struct {
	request *Request
	cut     context.CancelFunc
}

func (p *Proxy) opened(watch *openWatch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches[watch] = true
}

func (p *Proxy) closed(watch *openWatch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.watches, watch)
}

// Cut ends the open watches that fit and tells how many there were.
func (p *Proxy) Cut(match Match) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for watch := range p.watches {
		if match.Fits(watch.request) {
			watch.cut()
			count++
		}
	}
	return count
}

// Watching tells how many watches that fit are open.
func (p *Proxy) Watching(match Match) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for watch := range p.watches {
		if match.Fits(watch.request) {
			count++
		}
	}
	return count
}

// Expire answers a watch as a server that has forgotten the revision from which it shall begin: 200, and an
// event of type ERROR with the code 410.
func Expire() Action {
	return func(context.Context, *Request, Send) (*Answer, error) {
		gone := refusal(http.StatusGone, "too old resource version: answered by the fault proxy")
		event, err := json.Marshal(map[string]any{"type": "ERROR", "object": json.RawMessage(gone.Body)})
		if err != nil {
			return nil, err
		}
		return &Answer{Status: http.StatusOK, Header: gone.Header, Body: append(event, '\n')}, nil
	}
}

// Valve lets the events of watches through, or keeps them back.
type Valve struct {
	mu   sync.Mutex
	shut bool
	turn chan struct{} // closed and replaced when it is turned
}

// NewValve returns a valve, shut or open.
func NewValve(shut bool) *Valve { return &Valve{shut: shut, turn: make(chan struct{})} }

// Shut keeps events back from now on. Nothing is lost: they come when it opens.
func (v *Valve) Shut() { v.set(true) }

// Open lets everything through, what was kept back first.
func (v *Valve) Open() { v.set(false) }

func (v *Valve) set(shut bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = shut
	close(v.turn)
	v.turn = make(chan struct{})
}

func (v *Valve) pass(ctx context.Context) error {
	for {
		v.mu.Lock()
		shut, turn := v.shut, v.turn
		v.mu.Unlock()
		if !shut {
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Through puts watches behind a valve. The API server does not notice that nobody reads.
func Through(valve *Valve) Action {
	return events(func(ctx context.Context, event []byte) ([]byte, error) { return event, valve.pass(ctx) })
}

// events passes the events of a watch, one line each, through a function.
func events(each func(ctx context.Context, event []byte) ([]byte, error)) Action {
	return func(ctx context.Context, request *Request, send Send) (*Answer, error) {
		answer, err := send(request)
		if err != nil || answer.Stream == nil {
			return answer, err
		}
		upstream := answer.Stream
		queue := make(chan []byte, 1<<16) // more than any test makes happen behind a shut valve
		go func() {
			defer close(queue)
			lines := bufio.NewReader(upstream)
			for {
				line, err := lines.ReadBytes('\n')
				if err != nil {
					return
				}
				select {
				case queue <- line:
				case <-ctx.Done():
					return
				}
			}
		}()
		out, in := io.Pipe()
		go func() {
			for line := range queue {
				changed, err := each(ctx, line)
				if err == nil {
					_, err = in.Write(changed)
				}
				if err != nil {
					_ = in.CloseWithError(err)
					return
				}
			}
			_ = in.Close()
		}()
		context.AfterFunc(ctx, func() { _ = in.CloseWithError(ctx.Err()) })
		answer.Stream = both{out, upstream}
		return answer, nil
	}
}

// both reads from one end and closes both.
type both struct {
	*io.PipeReader
	upstream io.Closer
}

func (b both) Close() error { return errors.Join(b.PipeReader.Close(), b.upstream.Close()) }

package faultproxy

import (
	"bytes"
	"context"
	"io"
	"time"
)

// Write is one request that asked for a change, and what became of it.
type Write struct {
	*Request
	Stored int       // what the API server has answered; 0: it was never asked, or its answer did not come
	Told   int       // what the client was answered; 0: nothing
	Ended  time.Time // zero: it is still under way
}

// Succeeded tells whether the API server has done it, whatever the client was told.
func (w Write) Succeeded() bool { return w.Stored >= 200 && w.Stored < 300 }

func (w *Write) end() {
	if w != nil {
		w.Ended = time.Now()
	}
}

// Writes returns all writes so far, in the order in which they arrived.
func (p *Proxy) Writes() []Write { return p.WritesSince(0) }

// WritesSince is Writes without the first so many.
func (p *Proxy) WritesSince(first int) []Write {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Write
	for _, one := range p.writes[min(first, len(p.writes)):] {
		all = append(all, *one)
	}
	return all
}

// WriteCount tells how many writes have arrived.
func (p *Proxy) WriteCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.writes)
}

// Requests tells how many requests have arrived, of every kind.
func (p *Proxy) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.number
}

// Reads tells how many reads have arrived of a verb (get, list, watch) and a resource.
func (p *Proxy) Reads(verb, resource string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads[verb+" "+resource]
}

// Await returns nil as soon as done says so, which is asked after each arrival and each answer.
func (p *Proxy) Await(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// arrived counts the request, records it if it is a write, and finds the rules that take it.
func (p *Proxy) arrived(request *Request) ([]*Rule, *Write) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number++
	request.Number = p.number
	var write *Write
	if request.IsWrite() {
		write = &Write{Request: request}
		p.writes = append(p.writes, write)
	} else {
		p.reads[request.Verb+" "+request.Resource]++
	}
	var rules []*Rule
	for _, rule := range p.rules {
		if rule.takes(request) {
			rules = append(rules, rule)
		}
	}
	p.tell()
	return rules, write
}

// note changes a record.
func (p *Proxy) note(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.tell()
}

func (p *Proxy) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func reader(body []byte) io.Reader {
	if len(body) == 0 {
		return nil
	}
	return bytes.NewReader(body)
}

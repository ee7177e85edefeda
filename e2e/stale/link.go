package stale

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Direction is one way through a Link.
type Direction int

// A client's bytes are requests, a server's are answers and events.
const (
	Requests Direction = iota
	Answers
)

// Link passes TCP connections on to a server. Safe for concurrent use.
type Link struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	changed *sync.Cond
	next    int
	open    map[int]*pair
	holds   map[Direction]func(connection int) bool
	passed  int64 // bytes
	closed  bool
}

type pair struct{ client, server net.Conn }

// NewLink listens on a port of 127.0.0.1 and passes on to target, HOST:PORT.
func NewLink(port int, target string) (*Link, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	l := &Link{listener: listener, target: target, open: map[int]*pair{}, holds: map[Direction]func(int) bool{}}
	l.changed = sync.NewCond(&l.mu)
	go l.serve()
	return l, nil
}

// Address is HOST:PORT of the near end.
func (l *Link) Address() string { return l.listener.Addr().String() }

// Hold keeps back what comes in a direction on those connections, also on ones that are opened later, until
// Release. Connections are numbered as they were opened. Nothing is lost: it only comes later.
func (l *Link) Hold(direction Direction, which func(connection int) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holds[direction] = which
}

// Holds tells whether anything may be held.
func (l *Link) Holds() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.holds) > 0
}

// Release lets everything go.
func (l *Link) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.holds)
	l.changed.Broadcast()
}

// Cut ends connections at once, with what was held of them, and tells how many.
func (l *Link) Cut(which func(connection int) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for number, one := range l.open {
		if which(number) {
			one.close()
			delete(l.open, number)
			count++
		}
	}
	l.changed.Broadcast()
	return count
}

// Passed tells how many bytes have gone through.
func (l *Link) Passed() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed
}

// Connections are the numbers of those that are open.
func (l *Link) Connections() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var numbers []int
	for number := range l.open {
		numbers = append(numbers, number)
	}
	return numbers
}

// Close ends the link and all its connections.
func (l *Link) Close() error {
	err := l.listener.Close()
	l.mu.Lock()
	l.closed = true
	clear(l.holds)
	l.mu.Unlock()
	l.Cut(func(int) bool { return true })
	return err
}

func (l *Link) serve() {
	for {
		client, err := l.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go l.connect(client)
	}
}

func (l *Link) connect(client net.Conn) {
	server, err := net.Dial("tcp", l.target)
	if err != nil {
		_ = client.Close()
		return
	}
	one := &pair{client, server}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		one.close()
		return
	}
	number := l.next
	l.next++
	l.open[number] = one
	l.mu.Unlock()
	var ways sync.WaitGroup
	ways.Go(func() { l.pass(number, one, Requests, client, server) })
	ways.Go(func() { l.pass(number, one, Answers, server, client) })
	ways.Wait()
	l.mu.Lock()
	delete(l.open, number)
	l.mu.Unlock()
}

// pass copies one direction of one connection. When either ends, both do.
func (l *Link) pass(number int, one *pair, direction Direction, from io.Reader, to io.Writer) {
	defer one.close()
	const size = 32 << 10
	buffer := make([]byte, size)
	for {
		count, err := from.Read(buffer)
		if count > 0 && l.wait(number, one, direction, count) {
			if _, err := to.Write(buffer[:count]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait returns when the bytes may go on; false if the connection was cut meanwhile.
func (l *Link) wait(number int, one *pair, direction Direction, count int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.open[number] != one {
			return false
		}
		which := l.holds[direction]
		if which == nil || !which(number) {
			l.passed += int64(count)
			return true
		}
		l.changed.Wait()
	}
}

func (p *pair) close() {
	_ = p.client.Close()
	_ = p.server.Close()
}

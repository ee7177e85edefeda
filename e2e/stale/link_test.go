package stale

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"berth.dev/e2e/process"
)

// echo answers every line with "echo LINE", and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				lines := bufio.NewScanner(connection)
				for lines.Scan() {
					fmt.Fprintf(connection, "echo %s\n", lines.Text())
				}
				_ = connection.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func testLink(t *testing.T) *Link {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	link, err := NewLink(port, echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = link.Close() })
	return link
}

type caller struct {
	net.Conn
	lines *bufio.Reader
}

func call(t *testing.T, link *Link) caller {
	t.Helper()
	connection, err := net.Dial("tcp", link.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	one := caller{connection, bufio.NewReader(connection)}
	one.mustAnswer(t, "hello")
	return one
}

func (c caller) say(t *testing.T, text string) {
	t.Helper()
	if _, err := fmt.Fprintln(c, text); err != nil {
		t.Fatal(err)
	}
}

func (c caller) hear(t *testing.T, text string) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := c.lines.ReadString('\n'); err != nil || got != "echo "+text+"\n" {
		t.Fatalf("heard %q, %v; want echo %s", got, err, text)
	}
}

func (c caller) hearNothing(t *testing.T) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if got, err := c.lines.ReadString('\n'); err == nil {
		t.Fatalf("heard %q", got)
	}
}

func (c caller) mustAnswer(t *testing.T, text string) {
	t.Helper()
	c.say(t, text)
	c.hear(t, text)
}

func TestALinkHoldsWhatItIsToldAndLosesNothing(t *testing.T) {
	for _, direction := range []Direction{Requests, Answers} {
		link := testLink(t)
		held, free := call(t, link), call(t, link)
		link.Hold(direction, func(connection int) bool { return connection == 0 })
		held.say(t, "one")
		held.say(t, "two")
		held.hearNothing(t)
		free.mustAnswer(t, "three")
		link.Release()
		held.hear(t, "one")
		held.hear(t, "two")
		held.mustAnswer(t, "four")
	}
}

func TestACutConnectionEndsWithWhatWasHeldOfIt(t *testing.T) {
	link := testLink(t)
	cut, stays := call(t, link), call(t, link)
	link.Hold(Answers, func(int) bool { return true })
	cut.say(t, "one")
	stays.say(t, "two")
	if count := link.Cut(func(connection int) bool { return connection == 0 }); count != 1 {
		t.Errorf("%d were cut", count)
	}
	link.Release()
	_ = cut.SetReadDeadline(time.Now().Add(10 * time.Second))
	if rest, err := io.ReadAll(cut.lines); err != nil && len(rest) > 0 || len(rest) > 0 {
		t.Errorf("heard %q, %v", rest, err)
	}
	stays.hear(t, "two")
	call(t, link).mustAnswer(t, "three")
}

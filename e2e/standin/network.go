package standin

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Where a pod finds the API server: the certificates of package cluster are good for this address.
const (
	serviceHost = "10.96.0.1"
	servicePort = "443"
)

// network gives addresses to pods. Each cluster of this machine has a network of its own, 256 addresses of the shared
// address space (RFC 6598) by the port of its API server, which no two have at once.
type network struct {
	server string // HOST:PORT of the API server
	prefix [3]byte

	mu   sync.Mutex
	next byte // the last part of the address that was given out last
}

func newNetwork(server string) (*network, error) {
	parsed, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		return nil, fmt.Errorf("no port in the address of the API server, %s", server)
	}
	offset := (port - 10000) & 0x3fff // 14 bits, the ports of package process
	return &network{server: parsed.Host, prefix: [3]byte{100, 64 | byte(offset>>8), byte(offset)}, next: 1}, nil
}

func (n *network) at(last byte) netip.Addr {
	return netip.AddrFrom4([4]byte{n.prefix[0], n.prefix[1], n.prefix[2], last})
}

// address returns one that no pod has had for long: 1 is this machine.
func (n *network) address() netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next++; n.next < 2 {
		n.next = 2
	}
	return n.at(n.next)
}

// connect gives the network namespace of a process an address that this machine reaches. It goes with the process.
func (n *network) connect(pid int, address netip.Addr) error {
	last := address.As4()[3]
	outside := fmt.Sprintf("berth%02x%02x%02x", n.prefix[1], n.prefix[2], last)
	gateway := n.at(1).String()
	_ = exec.Command("ip", "link", "delete", outside).Run() // of a container that ended a moment ago
	for _, step := range []struct {
		inside bool
		lines  []string
	}{
		{false, []string{
			fmt.Sprintf("link add %s type veth peer name eth0 netns %d", outside, pid),
			fmt.Sprintf("addr add %s/32 dev %s", gateway, outside),
			fmt.Sprintf("link set %s up", outside),
			fmt.Sprintf("route add %s/32 dev %s", address, outside),
		}},
		{true, []string{
			"link set lo up",
			"addr add " + serviceHost + "/32 dev lo",
			fmt.Sprintf("addr add %s/32 dev eth0", address),
			"link set eth0 up",
			fmt.Sprintf("route add %s dev eth0", gateway),
		}},
	} {
		command := exec.Command("ip", "-batch", "-")
		if step.inside {
			command = exec.Command("nsenter", "--net=/proc/"+strconv.Itoa(pid)+"/ns/net", "ip", "-batch", "-")
		}
		command.Stdin = strings.NewReader(strings.Join(step.lines, "\n") + "\n")
		if said, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("ip %q: %w: %s", step.lines, err, said)
		}
	}
	return nil
}

// serveAPI leads connections from the network namespace of a process to the API server, until the listener is closed.
func (n *network) serveAPI(pid int) (net.Listener, error) {
	var listener net.Listener
	err := inNetwork("/proc/"+strconv.Itoa(pid)+"/ns/net", func() (err error) {
		listener, err = net.Listen("tcp", net.JoinHostPort(serviceHost, servicePort))
		return err
	})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go n.forward(from)
		}
	}()
	return listener, nil
}

func (n *network) forward(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", n.server)
	if err != nil {
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(pair[1], pair[0])
			done <- struct{}{}
		}()
	}
	<-done // nobody speaks HTTP over half a connection
}

// inNetwork runs f on a thread that is in another network namespace. A socket stays in the one that it was made in.
func inNetwork(path string, f func() error) error {
	target, err := os.Open(path)
	if err != nil {
		return err
	}
	defer target.Close()
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with this goroutine, or is never used again if it is the main one. So no other
		// goroutine finds itself in a foreign namespace.
		runtime.LockOSThread()
		if err := unix.Setns(int(target.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		result <- f()
	}()
	return <-result
}

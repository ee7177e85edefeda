package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Listening ports are taken from here: above the well-known ones, below the NodePort range of the test
// cluster (24000-32767), and below the ports that the kernel gives to outgoing connections. The last is
// what counts: while a server with a port from *that* range restarts, an outgoing connection may take its
// port, and a client that keeps dialling it may even end up connected to itself.
const (
	firstPort = 10000
	lastPort  = 23999
)

// FreePorts returns count different TCP ports of 127.0.0.1 on which nobody listens. They stay reserved for
// the calling process as long as it lives: no other caller of FreePorts gets them, in this process or in
// another one. Programs that do not ask here may still take one, so a server that cannot listen must be
// noticed all the same.
func FreePorts(count int) ([]int, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("berth-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ports := make([]int, 0, count)
	for range 1000 {
		if len(ports) == count {
			return ports, nil
		}
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if reserve(dir, port) && free(port) {
			ports = append(ports, port)
		}
	}
	return nil, fmt.Errorf("found only %d of %d free ports between %d and %d", len(ports), count, firstPort, lastPort)
}

// FreePort returns one port, see FreePorts.
func FreePort() (int, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return 0, err
	}
	return ports[0], nil
}

// reserve takes the lock that stands for the port. The open file *is* the reservation and is never closed:
// the kernel drops it with the process. Children do not inherit it (close-on-exec).
func reserve(dir string, port int) bool {
	fd, err := syscall.Open(filepath.Join(dir, strconv.Itoa(port)), syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return false
	}
	if syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = syscall.Close(fd)
		return false
	}
	return true
}

func free(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

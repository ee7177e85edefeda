package ha

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
)

// balancer is one address for several webhooks, as a Service is one: new connections go to those that said last that
// they are ready, in turn, and old ones stay where they are.
type balancer struct {
	listener net.Listener
	backends []*backend
	next     atomic.Uint64
	refused  atomic.Int64 // connections for which nobody was ready
	stop     context.CancelFunc
	done     sync.WaitGroup
}

type backend struct {
	program *programs.Program
	ready   atomic.Bool
}

// soon is how long anything may take.
const soon = 30 * time.Second

// howOften a replica is asked. A kubelet asks every few seconds, and drain delays are seconds then.
const howOften = 25 * time.Millisecond

// listen reserves the address; follow says who is behind it.
func listen() (*balancer, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	return &balancer{listener: listener}, nil
}

func (b *balancer) url() string { return "https://" + b.listener.Addr().String() }

func (b *balancer) follow(replicas []*programs.Program) {
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	for _, replica := range replicas {
		one := &backend{program: replica}
		b.backends = append(b.backends, one)
		b.done.Go(func() {
			client := &http.Client{Timeout: time.Second} // which keeps its connection: asking costs next to nothing
			for ctx.Err() == nil {
				if ready, known := isReady(client, one.program.HealthURL); known {
					one.ready.Store(ready)
				}
				select {
				case <-ctx.Done():
				case <-time.After(howOften):
				}
			}
		})
	}
	b.done.Go(b.accept)
}

// await returns when one of them is sent connections.
func (b *balancer) await(ctx context.Context, which int) error {
	return kube.Poll(ctx, soon, "a replica to be found ready", func(context.Context) error {
		if !b.backends[which].ready.Load() {
			return errors.New("it is not")
		}
		return nil
	})
}

// isReady asks a replica. One that takes too long to answer, on a machine with much else to do, is neither: a kubelet, too,
// asks three times before it believes that.
func isReady(client *http.Client, url string) (ready, known bool) {
	response, err := client.Get(url + "/readyz")
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return false, false
	}
	if err != nil {
		return false, true
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK, true
}

func (b *balancer) close() {
	b.stop()
	_ = b.listener.Close()
	b.done.Wait()
}

func (b *balancer) accept() {
	for {
		conn, err := b.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go b.serve(conn)
	}
}

// serve connects somebody with a ready replica. One that refuses is not asked again until it says that it is ready.
func (b *balancer) serve(conn net.Conn) {
	defer conn.Close()
	for range len(b.backends) {
		one := b.choose()
		if one == nil {
			break
		}
		behind, err := net.Dial("tcp", strings.TrimPrefix(one.program.URL, "https://"))
		if err != nil {
			one.ready.Store(false)
			continue
		}
		join(conn, behind)
		return
	}
	b.refused.Add(1)
}

func (b *balancer) choose() *backend {
	for range len(b.backends) {
		one := b.backends[b.next.Add(1)%uint64(len(b.backends))]
		if one.ready.Load() {
			return one
		}
	}
	return nil
}

// join carries bytes both ways until one side ends, and then tells the other.
func join(a, b net.Conn) {
	defer b.Close()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_ = way[0].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}

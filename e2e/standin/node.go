package standin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/process"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// NodeName is the node that all pods are on.
const NodeName = "stand-in"

// ClusterOptions are those that a control plane must be started with.
func ClusterOptions() cluster.Options {
	return cluster.Options{APIServerArgs: []string{"--enable-aggregator-routing=true"}}
}

// Possible returns why this machine cannot run a Node, or nil.
func Possible() error {
	if os.Geteuid() != 0 {
		return errors.New("pods have users, mounts and addresses of their own, which only root can give them")
	}
	return nil
}

// Options say what a node is like. All must be set.
type Options struct {
	Config    *rest.Config // an administrator
	Namespace string       // whose pods are run
	Root      string       // the root file system of every container, see MakeRoot
	Dir       string       // logs of the pods, and what is mounted into them
}

// Node runs pods. Safe for concurrent use.
type Node struct {
	options Options
	client  kubernetes.Interface
	network *network
	stop    context.CancelFunc
	ended   sync.WaitGroup

	mu   sync.Mutex
	pods map[types.UID]*pod
}

// Start makes the node known to the cluster and begins to run pods. Close ends it.
func Start(ctx context.Context, options Options) (*Node, error) {
	if err := Possible(); err != nil {
		return nil, err
	}
	if options.Config == nil || options.Namespace == "" || options.Root == "" || options.Dir == "" {
		return nil, errors.New("a node needs Config, Namespace, Root and Dir")
	}
	client, err := kubernetes.NewForConfig(options.Config)
	if err != nil {
		return nil, err
	}
	network, err := newNetwork(options.Config.Host)
	if err != nil {
		return nil, err
	}
	n := &Node{options: options, client: client, network: network, pods: map[types.UID]*pod{}}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: NodeName}}
	if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.ended.Go(func() { n.watch(running) })
	return n, nil
}

// Close kills all pods. Their objects stay.
func (n *Node) Close() {
	n.stop()
	n.ended.Wait()
}

// EndWith closes the node when the test ends, and shows the ends of the pods' logs if it has failed.
func (n *Node) EndWith(t testing.TB) {
	t.Cleanup(func() {
		n.Close()
		if !t.Failed() {
			return
		}
		logs, _ := filepath.Glob(filepath.Join(n.options.Dir, "*", "log"))
		for _, log := range logs {
			t.Logf("the end of the log of %s:\n%s", filepath.Base(filepath.Dir(log)), process.Tail(log, 15))
		}
	})
}

// Log returns the path of the log of a pod, over all starts of its container.
func (n *Node) Log(pod string) string { return filepath.Join(n.options.Dir, pod, "log") }

// Address returns the address of a running pod, or "".
func (n *Node) Address(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pods {
		if p.name == name {
			return p.address.String()
		}
	}
	return ""
}

// watch follows the pods until ctx ends, and then until all have ended.
func (n *Node) watch(ctx context.Context) {
	for ctx.Err() == nil {
		if err := n.follow(ctx); err != nil && ctx.Err() == nil {
			select { // the API server may be away for a while
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	n.mu.Lock()
	all := make([]*pod, 0, len(n.pods))
	for _, p := range n.pods {
		all = append(all, p)
	}
	n.mu.Unlock()
	for _, p := range all {
		p.kill()
	}
	for _, p := range all {
		<-p.done
	}
}

// follow lists the pods and takes up every change until the watch breaks off.
func (n *Node) follow(ctx context.Context) error {
	pods := n.client.CoreV1().Pods(n.options.Namespace)
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	there := map[types.UID]bool{}
	for i := range list.Items {
		there[list.Items[i].UID] = true
		n.seen(&list.Items[i])
	}
	n.mu.Lock()
	for uid, p := range n.pods {
		if !there[uid] {
			p.kill()
		}
	}
	n.mu.Unlock()
	watch, err := pods.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return err
	}
	defer watch.Stop()
	for event := range watch.ResultChan() {
		object, ok := event.Object.(*corev1.Pod)
		switch {
		case !ok:
			return fmt.Errorf("the watch of pods ends: %v", event.Object)
		case event.Type == "DELETED":
			n.mu.Lock()
			if p := n.pods[object.UID]; p != nil {
				p.kill()
			}
			n.mu.Unlock()
		default:
			n.seen(object)
		}
	}
	return errors.New("the watch of pods has ended")
}

// seen starts a pod that is new, and ends one that shall go.
func (n *Node) seen(object *corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pods[object.UID]
	if p == nil {
		if object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed {
			return
		}
		p = newPod(n, object)
		n.pods[object.UID] = p
		go func() {
			defer func() {
				n.mu.Lock()
				delete(n.pods, object.UID)
				n.mu.Unlock()
				close(p.done)
			}()
			p.run()
		}()
	}
	if object.DeletionTimestamp != nil {
		grace := 30 * time.Second
		if seconds := object.DeletionGracePeriodSeconds; seconds != nil {
			grace = time.Duration(*seconds) * time.Second
		}
		p.terminate(grace)
	}
}

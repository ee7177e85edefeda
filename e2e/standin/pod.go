package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"berth.dev/e2e/process"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// How often a pod is looked at. A kubelet takes its time, and the periods of probes are not those that a test can wait for.
const (
	probePeriod   = 50 * time.Millisecond
	refreshPeriod = 500 * time.Millisecond // of volumes; a minute in life
	restartPause  = 500 * time.Millisecond
	deadAfter     = 100 // failed liveness probes in a row: 5 s
)

// pod is one that runs here, from its binding to its end.
type pod struct {
	node            *Node
	namespace, name string
	uid             types.UID
	account         string
	address         netip.Addr
	object          *corev1.Pod // as it was first seen
	dir             string

	terminating chan time.Duration // the grace; at most one
	killed      chan struct{}
	killOnce    sync.Once
	done        chan struct{} // closed when nothing of it is left

	status   corev1.PodStatus
	reported string
	restarts int32
}

func newPod(n *Node, object *corev1.Pod) *pod {
	return &pod{
		node: n, namespace: object.Namespace, name: object.Name, uid: object.UID, account: object.Spec.ServiceAccountName,
		address: n.network.address(), object: object, dir: filepath.Join(n.options.Dir, object.Name),
		terminating: make(chan time.Duration, 1), killed: make(chan struct{}), done: make(chan struct{}),
	}
}

// terminate ends the pod as its deletion asks for: SIGTERM, the grace, SIGKILL.
func (p *pod) terminate(grace time.Duration) {
	select {
	case p.terminating <- grace:
	default: // told before
	}
}

// kill ends it at once.
func (p *pod) kill() { p.killOnce.Do(func() { close(p.killed) }) }

// run returns when the pod is gone, or has come to its end.
func (p *pod) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := p.bind(ctx); err != nil {
		p.log("cannot be bound: %v", err)
	}
	now := metav1.Now()
	p.status = corev1.PodStatus{
		Phase: corev1.PodPending, StartTime: &now, HostIP: p.node.network.at(1).String(),
		PodIP: p.address.String(), PodIPs: []corev1.PodIP{{IP: p.address.String()}},
	}
	for {
		again := p.container(ctx)
		if !again {
			return
		}
		p.restarts++
		select {
		case <-p.killed:
			return
		case <-p.terminating:
			p.remove(ctx)
			return
		case <-time.After(restartPause):
		}
	}
}

func (p *pod) bind(ctx context.Context) error {
	if p.object.Spec.NodeName != "" {
		return nil
	}
	return p.node.client.CoreV1().Pods(p.namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: p.name, UID: p.uid},
		Target:     corev1.ObjectReference{Kind: "Node", Name: NodeName},
	}, metav1.CreateOptions{})
}

// container starts the container and looks after it until it ends. It returns whether it is to be started again.
func (p *pod) container(ctx context.Context) (again bool) {
	if len(p.object.Spec.Containers) != 1 || len(p.object.Spec.InitContainers) > 0 {
		p.report(ctx, corev1.PodPending, waiting("CreateContainerConfigError", "one container is all that this node runs"), false)
		return p.pause(ctx)
	}
	volumes, err := p.volumesOf(p.object, filepath.Join(p.dir, "volumes"))
	for _, volume := range volumes {
		err = errors.Join(err, volume.update(ctx))
	}
	if err != nil {
		p.report(ctx, corev1.PodPending, waiting("ContainerCreating", err.Error()), false)
		return p.pause(ctx)
	}
	running, listener, err := p.start()
	if err != nil {
		p.log("does not start: %v", err)
		p.report(ctx, corev1.PodPending, waiting("CreateContainerError", err.Error()), false)
		return p.pause(ctx)
	}
	defer listener.Close()
	started := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	p.report(ctx, corev1.PodRunning, started, false)
	var refreshed time.Time
	failures := 0
	for {
		select {
		case <-p.killed:
			_ = running.Kill()
			return false
		case grace := <-p.terminating:
			if err := running.Stop(grace); err != nil {
				p.log("%v", err)
			}
			p.remove(ctx)
			return false
		case <-running.Done():
			return p.ended(ctx, running)
		case <-time.After(probePeriod):
		}
		if time.Since(refreshed) > refreshPeriod {
			refreshed = time.Now()
			for _, volume := range volumes {
				if err := volume.update(ctx); err != nil {
					p.log("%v", err) // keeps what it has, as with a kubelet
				}
			}
		}
		container := &p.object.Spec.Containers[0]
		p.report(ctx, corev1.PodRunning, started, p.probe(ctx, container, container.ReadinessProbe) == nil)
		if p.probe(ctx, container, container.LivenessProbe) == nil {
			failures = 0
		} else if failures++; failures >= deadAfter {
			p.log("does not live any more: killed")
			_ = running.Kill()
		}
	}
}

// ended tells how the container has ended, and returns whether it is to be started again.
func (p *pod) ended(ctx context.Context, running *process.Process) (again bool) {
	state := running.State()
	p.log("has ended: %s", state)
	code, phase := int32(1), corev1.PodFailed
	if state == "exit status 0" {
		code, phase = 0, corev1.PodSucceeded
	}
	over := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: state, FinishedAt: metav1.Now()}}
	policy := p.object.Spec.RestartPolicy
	if policy == corev1.RestartPolicyNever || policy == corev1.RestartPolicyOnFailure && code == 0 {
		p.report(ctx, phase, over, false)
		return false
	}
	p.report(ctx, corev1.PodRunning, over, false)
	return true
}

// pause is between two tries. It returns whether there is to be another one.
func (p *pod) pause(ctx context.Context) (again bool) {
	select {
	case <-p.killed:
		return false
	case <-p.terminating:
		p.remove(ctx)
		return false
	case <-time.After(restartPause / 2):
		p.restarts-- // it has not run
		return true
	}
}

// start runs the container. The listener is what leads it to the API server.
func (p *pod) start() (*process.Process, net.Listener, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	made := p.sandbox()
	if err := os.MkdirAll(made.Merged, 0o755); err != nil {
		return nil, nil, err
	}
	_ = os.Remove(made.Go)
	if err := unix.Mkfifo(made.Go, 0o600); err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(p.dir, "sandbox.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, nil, err
	}
	running, err := process.Start(process.Spec{
		Name: p.name, Path: self, Env: []string{sandboxVariable + "=" + file}, Log: p.node.Log(p.name),
	})
	if err != nil {
		return nil, nil, err
	}
	listener, err := p.open(running, made.Go)
	if err != nil {
		_ = running.Kill()
		return nil, nil, err
	}
	return running, listener, nil
}

// open waits for the namespaces of a process, connects them, and lets it go on.
func (p *pod) open(running *process.Process, fifo string) (net.Listener, error) {
	// Not /proc/self, which is the main thread: that may have served inNetwork, and stays in that namespace for ever.
	ours, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	its := fmt.Sprintf("/proc/%d/ns/net", running.PID())
	err = within(running, "its network namespace", func() bool {
		link, err := os.Readlink(its)
		return err == nil && link != ours
	})
	if err != nil {
		return nil, err
	}
	if err := p.node.network.connect(running.PID(), p.address); err != nil {
		return nil, err
	}
	listener, err := p.node.network.serveAPI(running.PID())
	if err != nil {
		return nil, err
	}
	err = within(running, "its mounts", func() bool {
		gate, err := os.OpenFile(fifo, os.O_WRONLY|unix.O_NONBLOCK, 0) // fails until it reads
		if err != nil {
			return false
		}
		return gate.Close() == nil
	})
	if err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}

// within waits until something is so, as long as the process lives, and ten seconds at most.
func within(running *process.Process, what string, is func() bool) error {
	for deadline := time.Now().Add(10 * time.Second); !is(); {
		select {
		case <-running.Done():
			return running.Err()
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited ten seconds for %s", what)
		}
	}
	return nil
}

// sandbox describes the container.
func (p *pod) sandbox() sandbox {
	container := p.object.Spec.Containers[0]
	s := sandbox{
		Root: p.node.options.Root, Merged: filepath.Join(p.dir, "root"), Go: filepath.Join(p.dir, "go"),
		Hostname: p.name, Command: append(append([]string{}, container.Command...), container.Args...), WorkDir: "/",
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "HOSTNAME=" + p.name,
			"KUBERNETES_SERVICE_HOST=" + serviceHost, "KUBERNETES_SERVICE_PORT=" + servicePort},
	}
	if container.WorkingDir != "" {
		s.WorkDir = container.WorkingDir
	}
	for _, variable := range container.Env {
		value := variable.Value
		if variable.ValueFrom != nil && variable.ValueFrom.FieldRef != nil {
			value = p.field(variable.ValueFrom.FieldRef)
		}
		s.Env = append(s.Env, variable.Name+"="+value)
	}
	for _, one := range container.VolumeMounts {
		s.Mounts = append(s.Mounts, mount{filepath.Join(p.dir, "volumes", one.Name, one.SubPath), one.MountPath, one.ReadOnly})
	}
	if of := p.object.Spec.SecurityContext; of != nil && of.RunAsUser != nil {
		s.User, s.Group = int(*of.RunAsUser), int(*of.RunAsUser) // the group is that of the image
	}
	if of := container.SecurityContext; of != nil {
		if of.RunAsUser != nil {
			s.User, s.Group = int(*of.RunAsUser), int(*of.RunAsUser)
		}
		s.ReadOnly = of.ReadOnlyRootFilesystem != nil && *of.ReadOnlyRootFilesystem
	}
	return s
}

// log writes a line into the log of the pod, among those of its container.
func (p *pod) log(format string, args ...any) {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return
	}
	file, err := os.OpenFile(p.node.Log(p.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintf(file, "stand-in: "+strings.TrimSpace(format)+"\n", args...)
}

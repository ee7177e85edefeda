// Package cluster runs a real Kubernetes control plane on this machine: etcd, kube-apiserver and
// kube-controller-manager as plain processes on loopback, built from Go modules (EnsureBinaries) and ready
// in about five seconds. There are no nodes: Pods are accepted and stay Pending, nothing is routed. What
// the API server itself decides is the real thing: schemas, CEL, admission, RBAC, NodePort allocation,
// watches, garbage collection, namespaces, EndpointSlices, ReplicaSets of Deployments.
//
//	c, err := cluster.Start(ctx, cluster.Options{})
//	defer c.Stop()
//	client := kubernetes.NewForConfigOrDie(c.AdminConfig())
//
// A package of tests shares one: see RunTests.
//
// Two things go beyond what other clusters offer. Every part can be killed, frozen and restarted under the
// eyes of its clients (process.Service). And nothing is ever forgotten: compaction is off and everything is
// stored as JSON, so History and Replay show every state that ever was, which makes "at no time had a
// number two owners" a question with an exact answer. To afford that, etcd never calls fsync: the data
// survive a SIGKILL of the processes, not a crash of the machine.
//
// All functions and methods are safe for concurrent use unless they say otherwise. Linux only.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"berth.dev/e2e/process"
)

// Options say how a control plane shall be. The zero value is right for most tests.
type Options struct {
	// Dir holds certificates, data and logs. Empty: a temporary folder that Stop removes.
	// A folder that was used before is used again, with its data and its ports.
	Dir string `json:"-"`

	// Detached processes outlive the caller (cmd/cluster). Otherwise the kernel kills them with it.
	Detached bool `json:"detached,omitempty"`

	// BasePort gives the API server this port, and etcd the two after it. 0: free ones.
	BasePort int `json:"basePort,omitempty"`

	// Audit makes every API server write what it was asked to Dir/logs/NAME-audit.log, see AuditEvents.
	Audit AuditLevel `json:"audit,omitempty"`

	// Further arguments, appended to ours. Of a flag given twice the last one counts.
	EtcdArgs              []string `json:"etcdArgs,omitempty"`
	APIServerArgs         []string `json:"apiServerArgs,omitempty"`
	ControllerManagerArgs []string `json:"controllerManagerArgs,omitempty"`

	// Timeout for the start, not counting the building of the programs. 0: 90 s, since five seconds
	// become many on a busy machine.
	Timeout time.Duration `json:"-"`

	// Log receives a few lines about what is done, most of all while the programs are built. Nil: stderr.
	Log io.Writer `json:"-"`
}

// Cluster is one control plane.
type Cluster struct {
	Etcd              *process.Service
	APIServer         *APIServer
	ControllerManager *process.Service

	dir       string
	temporary bool
	options   Options
	binaries  Binaries
	ports     ports

	mu     sync.Mutex
	others []*APIServer                // added later
	kept   []*process.Service          // see Keep
	strays map[string]*process.Process // found by Open, to be ended with the rest

	stateMu sync.Mutex // one writer of the state file at a time
}

// ports on 127.0.0.1.
type ports struct {
	APIServer int `json:"apiServer"`
	Etcd      int `json:"etcd"`
	EtcdPeer  int `json:"etcdPeer"`
}

// Start starts a control plane and returns when it can be used: the API server is ready, and the namespace
// "default" has its service account, without which it would refuse Pods. If anything fails, everything is
// stopped again; the logs stay where the error says.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if options.Log == nil {
		options.Log = os.Stderr
	}
	binaries, err := EnsureBinaries(ctx, options.Log)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: options.Dir, options: options, binaries: binaries}
	if c.dir == "" {
		sweepTemporary()
		c.temporary = true
		if c.dir, err = os.MkdirTemp("", temporaryPrefix+strconv.Itoa(os.Getpid())+"-"); err != nil {
			return nil, err
		}
	} else if c.dir, err = filepath.Abs(c.dir); err != nil {
		return nil, err
	}
	before, err := readState(c.dir)
	switch {
	case errors.Is(err, ErrNotRunning):
		if c.ports, err = choosePorts(options.BasePort); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		for name, handle := range before.Processes {
			if handle.Alive() {
				return nil, fmt.Errorf("the %s of an earlier start still runs in %s (process %d)", name, c.dir, handle.PID)
			}
		}
		c.ports = before.Ports
	}
	if err := writePKI(c.path("pki")); err != nil {
		return nil, err
	}
	if err := c.writeAuditPolicy(); err != nil {
		return nil, err
	}
	c.define()
	if err := c.writeState(); err != nil { // from now on Down knows what to remove
		return nil, err
	}
	timeout := options.Timeout
	if timeout == 0 {
		timeout = 90 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := c.startAll(ctx); err != nil {
		_ = c.kill()
		return nil, fmt.Errorf("start the control plane in %s: %w", c.dir, err)
	}
	return c, nil
}

func (c *Cluster) startAll(ctx context.Context) error {
	if err := WriteKubeconfig(c.path(managerKubeconfig), c.certificateConfig("kube-controller-manager")); err != nil {
		return err
	}
	for _, component := range c.components() {
		if err := component.Start(ctx); err != nil {
			return err
		}
	}
	return WriteKubeconfig(c.Kubeconfig(), c.AdminConfig())
}

// Stop ends all processes at once, in an order in which none complains about the other. A temporary folder
// is removed.
func (c *Cluster) Stop() error {
	err := c.kill()
	if c.temporary && err == nil {
		err = os.RemoveAll(c.dir)
	}
	return err
}

// Healthy returns nil if all parts run and are ready.
func (c *Cluster) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, component := range c.components() {
		if err := component.Check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Dir returns the folder with certificates, data and logs.
func (c *Cluster) Dir() string { return c.dir }

// ProgramDir returns a folder for the logs and kubeconfigs of programs that belong to this cluster, see Keep.
// Down removes it.
func (c *Cluster) ProgramDir() string { return c.path("programs") }

// LogDir returns the folder in which all logs are.
func (c *Cluster) LogDir() string { return c.path("logs") }

// Binaries returns the programs, kubectl among them.
func (c *Cluster) Binaries() Binaries { return c.binaries }

// define describes the three programs. See README.md for why each flag is there.
func (c *Cluster) define() {
	etcd := fmt.Sprintf("http://127.0.0.1:%d", c.ports.Etcd)
	peer := fmt.Sprintf("http://127.0.0.1:%d", c.ports.EtcdPeer)
	c.Etcd = c.component("etcd", c.binaries.Etcd, append([]string{
		"--name=default",
		"--data-dir=" + c.etcdDir(),
		"--listen-client-urls=" + etcd,
		"--advertise-client-urls=" + etcd,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		"--unsafe-no-fsync",
		"--log-level=warn",
		"--quota-backend-bytes=" + strconv.Itoa(8<<30), // nothing is compacted away
	}, c.options.EtcdArgs...))
	c.Etcd.Ready = func(ctx context.Context) error { return process.AnswersOK(ctx, nil, etcd+"/readyz") }

	c.APIServer = c.apiServer("kube-apiserver", c.ports.APIServer, APIServerOptions{})

	c.ControllerManager = c.component("kube-controller-manager", c.binaries.ControllerManager, append([]string{
		"--kubeconfig=" + c.path(managerKubeconfig),
		"--leader-elect=false",
		"--secure-port=0",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.path("pki/service-account.key"),
		"--root-ca-file=" + c.path("pki/ca.crt"),
		"--controllers=" + controllers,
		// The garbage collector lives on this; with the default of 20 a second it takes minutes.
		"--kube-api-qps=2000",
		"--kube-api-burst=4000",
	}, c.options.ControllerManagerArgs...))
	c.ControllerManager.Ready = c.hasDefaultServiceAccount
}

// controllers are those that tests of Berth can notice. There are no nodes to run anything on, so nothing
// is scheduled, and DaemonSets, StatefulSets and Jobs are only looked at.
const controllers = "endpointslice-controller,endpointslice-mirroring-controller,namespace-controller," +
	"garbage-collector-controller,serviceaccount-controller,serviceaccount-token-controller," +
	"root-ca-certificate-publisher-controller,replicaset-controller,deployment-controller," +
	"clusterrole-aggregation-controller,validatingadmissionpolicy-status-controller"

func (c *Cluster) component(name, path string, args []string) *process.Service {
	return &process.Service{
		Spec: process.Spec{
			Name:     name,
			Path:     path,
			Args:     args,
			Log:      c.logPath(name),
			Detached: c.options.Detached,
		},
		Started: c.writeState,
		Grace:   5 * time.Second, // the API server waits much longer for its watches to end
	}
}

// components lists all parts in the order in which they start.
func (c *Cluster) components() []*process.Service {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []*process.Service{c.Etcd, c.APIServer.Service, c.ControllerManager}
	for _, other := range c.others {
		all = append(all, other.Service)
	}
	return all
}

// kill ends all processes, the last one started first.
func (c *Cluster) kill() error {
	var all error
	c.mu.Lock()
	kept, strays := c.kept, c.strays
	c.kept, c.strays = nil, nil
	c.mu.Unlock()
	for _, service := range kept {
		all = errors.Join(all, service.Kill())
	}
	for _, stray := range strays {
		all = errors.Join(all, stray.Kill())
	}
	components := c.components()
	for i := len(components) - 1; i >= 0; i-- {
		all = errors.Join(all, components[i].Kill())
	}
	return all
}

func (c *Cluster) logPath(name string) string { return filepath.Join(c.LogDir(), name+".log") }

func (c *Cluster) path(below string) string { return filepath.Join(c.dir, below) }

func choosePorts(base int) (ports, error) {
	if base != 0 {
		return ports{base, base + 1, base + 2}, nil
	}
	free, err := process.FreePorts(3)
	if err != nil {
		return ports{}, err
	}
	return ports{free[0], free[1], free[2]}, nil
}

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"

	"berth.dev/e2e/process"
	"k8s.io/client-go/rest"
)

// NodePorts is the range that the API server gives nodePorts from: the mesh of the examples lies in it.
const NodePorts = "24000-32767"

// APIServer is one kube-apiserver of a cluster.
type APIServer struct {
	*process.Service
	URL     string // https://127.0.0.1:PORT
	cluster *Cluster
}

// APIServerOptions say how an added API server shall differ from the first one.
type APIServerOptions struct {
	// EtcdURL takes another way to etcd, for example through a proxy that stalls: a genuine stale server.
	EtcdURL string
	Args    []string // appended to those of Options.APIServerArgs
}

// AddAPIServer starts one more API server on the same etcd, as in a cluster with several control-plane
// nodes. It ends with the cluster.
func (c *Cluster) AddAPIServer(ctx context.Context, options APIServerOptions) (*APIServer, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	server := c.apiServer("kube-apiserver-"+strconv.Itoa(len(c.others)+2), port, options)
	c.others = append(c.others, server)
	c.mu.Unlock()
	if err := server.Start(ctx); err != nil {
		return nil, errors.Join(err, server.Kill())
	}
	return server, nil
}

// Redirect returns a copy of config, from any of the cluster's functions, that talks to this API server.
func (s *APIServer) Redirect(config *rest.Config) *rest.Config {
	redirected := rest.CopyConfig(config)
	redirected.Host = s.URL
	return redirected
}

// apiServer describes a kube-apiserver. See README.md for why each flag is there.
func (c *Cluster) apiServer(name string, port int, options APIServerOptions) *APIServer {
	etcd := options.EtcdURL
	if etcd == "" {
		etcd = c.EtcdURL()
	}
	pki := func(file string) string { return c.path("pki/" + file) }
	args := []string{
		"--etcd-servers=" + etcd,
		"--etcd-compaction-interval=0",
		"--storage-media-type=application/json",
		"--endpoint-reconciler-type=none",
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--service-node-port-range=" + NodePorts,
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
		"--tls-cert-file=" + pki("kube-apiserver.crt"),
		"--tls-private-key-file=" + pki("kube-apiserver.key"),
		"--client-ca-file=" + pki(pkiCA+".crt"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("service-account.key"),
		"--service-account-signing-key-file=" + pki("service-account.key"),
		"--requestheader-client-ca-file=" + pki(pkiFrontProxy+".crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + pki("front-proxy-client.key"),
	}
	if c.options.Audit != AuditOff {
		args = append(args,
			"--audit-policy-file="+c.path("audit-policy.yaml"),
			"--audit-log-path="+c.auditPath(name),
			"--audit-log-mode=blocking", // what has been answered is in the file
			"--audit-log-maxsize=0")     // never rotated
	}
	args = append(append(args, c.options.APIServerArgs...), options.Args...)
	server := &APIServer{
		Service: c.component(name, c.binaries.APIServer, args),
		URL:     fmt.Sprintf("https://127.0.0.1:%d", port),
		cluster: c,
	}
	server.Ready = server.isReady
	return server
}

func (s *APIServer) isReady(ctx context.Context) error {
	text, err := os.ReadFile(s.cluster.path("pki/" + pkiCA + ".crt"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return process.AnswersOK(ctx, &tls.Config{RootCAs: roots}, s.URL+"/readyz?verbose")
}

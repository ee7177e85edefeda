package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// This file is about a cluster of somebody else, in which the demo must not touch what is not its own. So it
// begins only where nothing has the names it uses, and writes down that it did: only then does it begin
// again, and clear away.

// existingDir holds what is known of it: its presence says that the demo has begun there.
func existingDir(dir string) string { return filepath.Join(dir, "existing") }

func existingKubeconfig(dir string) string { return filepath.Join(existingDir(dir), "kubeconfig") }

// own are the objects that the demo makes, beside those of story.Installed, and what is in the namespaces.
var own = []struct{ kind, name string }{
	{"namespaces", "mesh"},
	{"namespaces", "platform"},
	{"namespaces", "data"},
	{"portranges.berth.dev", "mesh"},
	{"portranges.berth.dev", "demo-cooldown"},
	{"exposurepolicies.berth.dev", "control-plane"},
}

// registration is what the webhook writes: removed first, it would block the cluster without the webhook.
const registration = "berth-exposure"

// findExisting uses the cluster of KUBECONFIG, or the one in which an earlier command has begun.
func findExisting(ctx context.Context, o options) (*ground, error) {
	loading := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil)
	config, err := loading.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	config.QPS = -1
	client, err := kube.New(config)
	if err != nil {
		return nil, err
	}
	asked, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if _, err := client.Typed.CoreV1().Namespaces().Get(asked, "default", metav1.GetOptions{}); err != nil {
		return nil, fmt.Errorf("the cluster %s of KUBECONFIG cannot be used: %w\n"+
			"without KUBECONFIG the demo makes a cluster of its own", config.Host, err)
	}
	if o.webhookURL == "" && !onLoopback(config.Host) {
		return nil, fmt.Errorf("the webhook will run on this machine, and the API server %s on another one has to reach it:\n"+
			"say how, with --webhook-url https://HOST:PORT", config.Host)
	}
	raw, err := loading.RawConfig()
	if err != nil {
		return nil, err
	}
	begun, err := sameServer(existingKubeconfig(o.dir), config.Host)
	if err != nil {
		return nil, err
	}
	if !begun {
		if err := unclaimed(ctx, client); err != nil {
			return nil, err
		}
		if err := nodePortsFit(ctx, client); err != nil {
			return nil, err
		}
		if err := writeKubeconfig(existingKubeconfig(o.dir), raw); err != nil {
			return nil, err
		}
	}
	binaries, err := cluster.EnsureBinaries(ctx, os.Stderr) // for kubectl
	if err != nil {
		return nil, err
	}
	dir := existingDir(o.dir)
	known, err := remember(dir)
	if err != nil {
		return nil, err
	}
	return &ground{
		place:      story.Place{Client: client, Kubeconfig: existingKubeconfig(o.dir), Kubectl: binaries.Kubectl, CacheDir: dir},
		title:      config.Host + ", from KUBECONFIG",
		dir:        dir,
		webhookURL: strings.TrimSuffix(o.webhookURL, "/"),
		keep: func(service *process.Service) bool {
			return service.Adopt(known.Programs[service.Name()].Handle)
		},
	}, nil
}

// sameServer tells whether the demo has begun in this cluster before; begun in another one is an error.
func sameServer(kubeconfig, host string) (bool, error) {
	if _, err := os.Stat(kubeconfig); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return false, err
	}
	if config.Host != host {
		return false, fmt.Errorf("the demo runs in another cluster, %s: end it first (demo down)", config.Host)
	}
	return true, nil
}

// unclaimed returns an error if something in the cluster has a name that the demo would use.
func unclaimed(ctx context.Context, client *kube.Client) error {
	var taken []string
	note := func(kind, name string, err error) error {
		switch {
		case err == nil:
			taken = append(taken, kind+"/"+name)
			return nil
		case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
			return nil
		}
		return err
	}
	for _, one := range own {
		_, err := client.Get(ctx, one.kind, "", one.name)
		if err := note(one.kind, one.name, err); err != nil {
			return err
		}
	}
	installed, err := story.Installed()
	if err != nil {
		return err
	}
	for _, object := range installed {
		_, err := client.Get(ctx, object.GetKind(), object.GetNamespace(), object.GetName())
		if err := note(object.GetKind(), object.GetName(), err); err != nil {
			return err
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("the cluster has objects that the demo would make, or Berth is installed there: %s\n"+
			"without KUBECONFIG the demo makes a cluster of its own", strings.Join(taken, ", "))
	}
	return nil
}

// nodePortsFit asks the API server whether it takes the numbers of the example.
func nodePortsFit(ctx context.Context, client *kube.Client) error {
	for _, number := range []int{24480, 24599} {
		objects, err := kube.Parse(fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {generateName: berth-demo-, namespace: default},
			spec: {type: NodePort, ports: [{port: 80, nodePort: %d}]}}`, number))
		if err != nil {
			return err
		}
		if _, err := client.DryRun(ctx, objects[0]); err != nil {
			return fmt.Errorf("the example uses the node ports 24480 to 24599, and this API server does not take them: %w\n"+
				"start it with --service-node-port-range=24000-32767, or leave KUBECONFIG away", err)
		}
	}
	return nil
}

// writeKubeconfig writes the present context alone, with its files inside: what other commands do to the
// user's kubeconfig does not change where the demo runs.
func writeKubeconfig(path string, raw clientcmdapi.Config) error {
	if err := clientcmdapi.MinifyConfig(&raw); err != nil {
		return err
	}
	if err := clientcmdapi.FlattenConfig(&raw); err != nil {
		return err
	}
	return clientcmd.WriteToFile(raw, path) // makes the folder, readable for the user alone
}

// leaveExisting takes everything out of an existing cluster that the demo has put there, and ends its
// programs.
func leaveExisting(ctx context.Context, dir string) error {
	path := existingKubeconfig(dir)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return err
	}
	client, err := kube.New(config)
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, "validatingwebhookconfigurations", "", registration); err != nil {
		return fmt.Errorf("%s cannot be cleared: %w\nif it is gone for good, remove the folder %s", config.Host, err, existingDir(dir))
	}
	if err := endPrograms(existingDir(dir)); err != nil {
		return err
	}
	for _, one := range own {
		if err := client.Delete(ctx, one.kind, "", one.name); err != nil && !meta.IsNoMatchError(err) {
			return err
		}
	}
	// A namespace cannot end while a kind in it is half gone: the CRDs go when the namespaces are.
	for _, name := range []string{"mesh", "platform", "data"} {
		if err := awaitGone(ctx, client, "namespaces", name); err != nil {
			return err
		}
	}
	installed, err := story.Installed()
	if err != nil {
		return err
	}
	for _, object := range installed {
		if err := client.Delete(ctx, object.GetKind(), object.GetNamespace(), object.GetName()); err != nil {
			return err
		}
	}
	if err := awaitGone(ctx, client, "namespaces", programs.Namespace); err != nil {
		return err
	}
	return os.RemoveAll(existingDir(dir))
}

func endPrograms(dir string) error {
	known, err := remember(dir)
	if err != nil {
		return err
	}
	for name, one := range known.Programs {
		if p, alive := process.Attach(name, filepath.Join(dir, name+".log"), one.Handle); alive {
			if err := p.Stop(15 * time.Second); err != nil && !errors.Is(err, process.ErrKilled) {
				return err
			}
		}
	}
	return nil
}

func awaitGone(ctx context.Context, client *kube.Client, kind, name string) error {
	return kube.Poll(ctx, 2*time.Minute, kind+" "+name+" to be gone", func(ctx context.Context) error {
		_, err := client.Get(ctx, kind, "", name)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		return errors.New("it is being deleted")
	})
}

package wall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const staticSuffix = ".static.k8s.io"

// disk is what an API server of its own reads beside etcd: docs/admission-policies.md says the same to users.
type disk struct {
	t      *testing.T
	folder string // the manifests, and nothing else
	config string
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	if strings.HasPrefix(shared.Binaries().Key, "v1.33.") {
		t.Skip("manifest-based admission configuration is alpha since 1.36")
	}
	d := &disk{t, filepath.Join(t.TempDir(), "policies"), filepath.Join(t.TempDir(), "configuration.yaml")}
	if err := os.Mkdir(d.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.config, fmt.Appendf(nil, `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ValidatingAdmissionPolicy
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ValidatingAdmissionPolicyConfiguration
    staticManifestsDir: %s
`, d.folder), 0o644); err != nil {
		t.Fatal(err)
	}
	return d
}

// put replaces a file as a whole: the API server would take up one that is half written. What ends in .new it does
// not read.
func (d *disk) put(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.folder, name)
	if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o644), os.Rename(path+".new", path)); err != nil {
		d.t.Fatal(err)
	}
}

// start starts one more API server beside the shared one, which reads nothing but etcd.
func (d *disk) start() (*cluster.APIServer, error) {
	server, err := shared.AddAPIServer(d.t.Context(), cluster.APIServerOptions{Args: []string{
		"--feature-gates=ManifestBasedAdmissionControlConfig=true",
		"--admission-control-config-file=" + d.config,
	}})
	if err == nil {
		d.t.Cleanup(func() { _ = server.Kill() })
	}
	return server, err
}

func (d *disk) mustStart() (*cluster.APIServer, *kube.Client) {
	d.t.Helper()
	server, err := d.start()
	if err != nil {
		d.t.Fatal(err)
	}
	return server, kube.MustNew(d.t, server.Redirect(shared.AdminConfig()))
}

// export prints ExposurePolicies as a user would.
func export(t *testing.T, policies string, flags ...string) string {
	t.Helper()
	binary, err := programs.Built("berth")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary, append(append([]string{"export", "admission-policy"}, flags...), "-")...)
	command.Stdin = strings.NewReader(policies)
	output, err := command.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("%v: %s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

// internal is an ExposurePolicy that keeps a number inside; `more` are further lines of its spec.
func internal(name string, port int, service, more string) string {
	return fmt.Sprintf(`---
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: %s}
spec:
  internal: [{port: %d, service: %s}]
%s`, name, port, service, more)
}

func nodePort(t *testing.T, namespace string, target int) *unstructured.Unstructured {
	t.Helper()
	return kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: web}
spec: {type: NodePort, selector: {app: db}, ports: [{port: 443, targetPort: %d}]}
`, namespace, target))
}

func hostPort(t *testing.T, namespace string, port int) *unstructured.Unstructured {
	t.Helper()
	return kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {namespace: %s, name: db}
spec: {containers: [{name: db, image: db, ports: [{containerPort: %d, hostPort: %[2]d}]}]}
`, namespace, port))
}

func TestTheAPIServerRefusesFromItsDiskFromTheFirstRequestOn(t *testing.T) {
	home := kube.MustNew(t, shared.AdminConfig()).Namespace(t)
	d := newDisk(t)
	d.put("berth.yaml", export(t, internal("data", 5432, "PostgreSQL", fmt.Sprintf(`
  exceptions:
  - {namespace: %s, workload: {kind: StatefulSet, name: pg}, port: 5432, via: [NodePort],
     owner: dba@example.org, reason: migration, expiresAt: "2099-12-31T00:00:00Z"}
`, home))+internal("cache", 6379, "Redis", "  action: Warn\n"), "--static"))
	_, client := d.mustStart()

	for _, closed := range []struct {
		object *unstructured.Unstructured
		texts  []string
	}{
		{nodePort(t, "default", 5432), []string{"ValidatingAdmissionPolicy 'data.services.exposure.berth.dev" + staticSuffix + "'",
			"port 5432 (PostgreSQL) is internal by ExposurePolicy data", "Service default/web node port", "port 443 -> targetPort 5432"}},
		{hostPort(t, "default", 5432), []string{"ValidatingAdmissionPolicy 'data.pods.exposure.berth.dev" + staticSuffix + "'",
			"port 5432 (PostgreSQL) is internal by ExposurePolicy data", "Pod default/db hostPort 5432"}},
	} {
		_, err := client.DryRun(t.Context(), closed.object)
		kube.ExpectRejected(t, err, closed.texts...)
	}
	for what, open := range map[string]*unstructured.Unstructured{
		"harmless Service": nodePort(t, "default", 8443),
		"harmless Pod":     hostPort(t, "default", 8443),
		"exception":        nodePort(t, home, 5432),
	} {
		if _, err := client.DryRun(t.Context(), open); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	client.Warnings()
	if _, err := client.DryRun(t.Context(), nodePort(t, "default", 6379)); err != nil {
		t.Errorf("action Warn: %v", err)
	}
	if warnings := strings.Join(client.Warnings(), "\n"); !strings.Contains(warnings, "port 6379 (Redis) is internal") {
		t.Errorf("the warnings are %q", warnings)
	}
	// It is the file that refuses: an API server without it, on the same etcd, does not. Another test may have just
	// taken down its wall there.
	without := kube.MustNew(t, shared.AdminConfig())
	kube.Eventually(t, patience, "the API server without the file to admit it", func(ctx context.Context) error {
		_, err := without.DryRun(ctx, nodePort(t, "default", 5432))
		return err
	})
}

// The administrator is of system:masters, whom no rule of RBAC holds back.
func TestNobodySeesOrDeletesByTheAPIWhatStandsOnTheDisk(t *testing.T) {
	d := newDisk(t)
	d.put("berth.yaml", export(t, internal("data", 5432, "PostgreSQL", ""), "--static"))
	_, client := d.mustStart()

	const name = "data.services.exposure.berth.dev" + staticSuffix
	for _, kind := range []string{policies, bindings} {
		objects, err := client.List(t.Context(), kind, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			if strings.HasSuffix(object.GetName(), staticSuffix) {
				t.Errorf("%s is listed", kube.Name(&object))
			}
		}
		if _, err := client.Get(t.Context(), kind, "", name); !apierrors.IsNotFound(err) {
			t.Errorf("get: %v", err)
		}
		resource, _, err := client.Resource(kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := resource.Delete(t.Context(), name, metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("delete: %v", err)
		}
		if _, err := client.Patch(t.Context(), kind, "", name, `{"spec":{"failurePolicy":"Ignore"}}`); !apierrors.IsNotFound(err) {
			t.Errorf("patch: %v", err)
		}
	}
	// Nor does one of the same name take its place.
	for _, object := range kube.MustParse(t, export(t, internal("data", 1, "nothing", ""), "--static")) {
		_, err := client.Create(t.Context(), object)
		kube.ExpectRejected(t, err, "reserved for static manifest-based configurations and cannot be managed via the API")
	}
	_, err := client.DryRun(t.Context(), nodePort(t, "default", 5432))
	kube.ExpectRejected(t, err, "ValidatingAdmissionPolicy '"+name+"'")
}

func TestTheFileOnTheDiskIsTakenUpAnewWithoutARestart(t *testing.T) {
	d := newDisk(t)
	before, after := internal("data", 5432, "PostgreSQL", ""), internal("data", 9092, "Kafka", "")
	d.put("berth.yaml", export(t, before, "--static"))
	server, client := d.mustStart()
	process := server.Process()
	p := &place{client, t, "default", "data"}
	p.refused(nodePort(t, "default", 5432), "PostgreSQL")

	d.put("berth.yaml", export(t, after, "--static"))
	p.refused(nodePort(t, "default", 9092), "Kafka")
	p.admitted(nodePort(t, "default", 5432))

	// What it cannot take it leaves, and keeps what it has.
	failures := d.failures(client)
	d.put("berth.yaml", export(t, before))
	kube.Eventually(t, patience, "the broken file to be noticed", func(context.Context) error {
		if d.failures(client) == failures {
			return errors.New("no reload has failed")
		}
		return nil
	})
	p.refused(nodePort(t, "default", 9092), "Kafka")

	// An empty file is no mistake: it is a wall of no policies. This is why files are put there as a whole.
	d.put("berth.yaml", "")
	kube.Eventually(t, patience, "the wall to be gone with the text of its file", func(ctx context.Context) error {
		_, err := client.DryRun(ctx, nodePort(t, "default", 9092))
		return err
	})

	d.put("berth.json", export(t, before, "--static", "-o", "json"))
	p.refused(nodePort(t, "default", 5432), "PostgreSQL")
	if server.Process() != process || !process.Alive() {
		t.Error("the API server was started again")
	}
}

// failures counts how often the API server could not take what it found.
func (d *disk) failures(client *kube.Client) float64 {
	d.t.Helper()
	text, err := client.Typed.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	metrics, err := programs.ParseMetrics(bytes.NewReader(text))
	if err != nil {
		d.t.Fatal(err)
	}
	sum, _ := metrics.Sum("apiserver_manifest_admission_config_controller_automatic_reloads_total", `status="failure"`)
	return sum
}

func TestAnAPIServerDoesNotStartWithAFileThatItCannotTake(t *testing.T) {
	d := newDisk(t)
	d.put("berth.yaml", export(t, internal("data", 5432, "PostgreSQL", "")))
	_, err := d.start()
	const why = `must have a name ending with \".static.k8s.io\"`
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("it starts, or does not say %s: %v", why, err)
	}
}

package site

import (
	"context"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Healer frees node ports that the API server has marked for Services which it then did not store: what its own
// repair does within nine minutes, and tests do not wait for. Whoever asks for such a number is refused until then.
type Healer struct {
	Freed int

	since map[int64]time.Time // since when a number is marked for nobody
}

// longEnough is longer than a write takes between its mark and its Service.
const longEnough = 3 * time.Second

// Heal looks once, and frees what has been marked for nobody for long enough. Nothing may be held on its way to the
// API server.
func (h *Healer) Heal(ctx context.Context, c *cluster.Cluster, client *kube.Client) error {
	marks, err := c.NodePortMarks(ctx)
	if err != nil {
		return err
	}
	services, err := client.List(ctx, "services", "") // after the marks: what has got its Service meanwhile is somebody's
	if err != nil {
		return err
	}
	free := h.look(marks, services, time.Now())
	if len(free) == 0 {
		return nil
	}
	h.Freed += len(free)
	return c.UnmarkNodePorts(ctx, free...)
}

// Forget begins anew: something was held, and nobody can tell what is on its way.
func (h *Healer) Forget() { clear(h.since) }

// look returns the numbers that have been marked for nobody for long enough.
func (h *Healer) look(marks cluster.NodePortMarks, services []unstructured.Unstructured, now time.Time) []int64 {
	taken := map[int64]bool{}
	for _, service := range services {
		if number, ok := kube.Int(&service, "spec.healthCheckNodePort"); ok {
			taken[number] = true
		}
		ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
		for _, port := range ports {
			number, _ := port.(map[string]any)["nodePort"].(int64)
			taken[number] = true
		}
	}
	since := map[int64]time.Time{}
	var free []int64
	for _, number := range marks.Numbers() {
		if taken[number] {
			continue
		}
		since[number] = now
		if before, known := h.since[number]; known {
			since[number] = before
		}
		if now.Sub(since[number]) >= longEnough {
			free = append(free, number)
			delete(since, number)
		}
	}
	h.since = since
	return free
}

package stale

import (
	"context"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// healer frees node ports that the disturbed API server has marked for Services which it then did not store: what
// its own repair does within nine minutes, and the plans do not wait for. An operator that has published such a
// number, and finds its Service gone, cannot have it back before.
type healer struct {
	since map[int64]time.Time // since when a number is marked for nobody, while nothing is held
	freed int
}

// longEnough is longer than a create takes between its mark and its Service, when nothing is held.
const longEnough = 3 * time.Second

// heal looks once. While something is held, nobody can tell what is on its way.
func (w *world) heal(ctx context.Context) error {
	if w.behind != nil && (w.behind.Holds() || w.before.Holds()) {
		clear(w.healer.since)
		return nil
	}
	marks, err := shared.NodePortMarks(ctx)
	if err != nil {
		return err
	}
	services, err := w.List(ctx, "services", "") // after the marks: what has got its Service meanwhile is somebody's
	if err != nil {
		return err
	}
	free := w.healer.look(marks, services, time.Now())
	if len(free) == 0 {
		return nil
	}
	w.healer.freed += len(free)
	return shared.UnmarkNodePorts(ctx, free...)
}

// look returns the numbers that have been marked for nobody for long enough.
func (h *healer) look(marks cluster.NodePortMarks, services []unstructured.Unstructured, now time.Time) []int64 {
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

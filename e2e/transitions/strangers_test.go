package transitions

import (
	"encoding/json"
	"sync"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// strangers are node ports that the API server itself gave to a Service, as it does for every load balancer: they
// lie anywhere, also among the numbers of other lanes, which cannot have them meanwhile. Safe for concurrent use.
type strangers struct {
	mu   sync.Mutex
	seen map[int]map[string]bool // namespaces of the Services that ever had a number
}

// watchNodePorts notes every one until the test ends.
func watchNodePorts(t *testing.T) *strangers {
	t.Helper()
	client, err := common.EtcdClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	all := &strangers{seen: map[int]map[string]bool{}}
	watch := client.Watch(t.Context(), cluster.Prefix("", "services/specs"), clientv3.WithPrefix())
	go func() {
		for answer := range watch {
			for _, event := range answer.Events {
				service := &unstructured.Unstructured{}
				if len(event.Kv.Value) > 0 && json.Unmarshal(event.Kv.Value, &service.Object) == nil {
					all.note(service)
				}
			}
		}
	}()
	return all
}

func (s *strangers) note(service *unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range nodePortsOf(service) {
		if s.seen[number] == nil {
			s.seen[number] = map[string]bool{}
		}
		s.seen[number][service.GetNamespace()] = true
	}
}

// had tells whether a Service of another lane ever had a number.
func (s *strangers) had(number int, l lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	others := len(s.seen[number])
	if s.seen[number][l.token] {
		others--
	}
	return others > 0
}

// nodePortsOf lists the node ports of a Service, as it was stored or read.
func nodePortsOf(service *unstructured.Unstructured) []int {
	var numbers []int
	add := func(value any) {
		switch number := value.(type) {
		case int64:
			numbers = append(numbers, int(number))
		case float64:
			numbers = append(numbers, int(number))
		}
	}
	ports, _, _ := unstructured.NestedFieldNoCopy(service.Object, "spec", "ports")
	for _, port := range objects(ports) {
		add(port["nodePort"])
	}
	health, _ := kube.Value(service, "spec.healthCheckNodePort")
	add(health)
	return numbers
}

// makeRoom deletes a Service of another lane that has a number of this one; Berth makes it again, and the API server
// gives it another number. It tells whether there was one.
func (s *stage) makeRoom(w *world, l lane) (bool, error) {
	first := l.base("NodePort")
	for namespace, list := range w.generated {
		if namespace == l.token {
			continue
		}
		for _, service := range list {
			if service.GetKind() != "Service" {
				continue
			}
			for _, number := range nodePortsOf(service) {
				if first <= number && number < first+laneSize {
					return true, s.Delete(s.t.Context(), "service", namespace, service.GetName())
				}
			}
		}
	}
	return false, nil
}

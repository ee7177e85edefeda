package allocation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/cluster"
)

// peer is the bare client at work: for each PortAllocation (of its own group) the same writes that Berth
// makes, in the same order, each as soon as the one before it is answered.
type peer struct {
	*site
	sample     sample
	allocators int // in flight that suit best: create and status
	publishers int // policy, Service and status
	rounds     int
	made       int           // allocations so far
	allocated  time.Duration // sums over all rounds
	served     time.Duration // until Services and policies are there
	published  time.Duration // until that is told in status
	controlCPU time.Duration // of etcd and the API server

}

// sample is what Berth makes of one allocation: the texts that the bare client writes, with what differs
// from one to the next left open.
type sample struct {
	allocated string   // status when the numbers are held
	published string   // status when all is done
	policies  []string // manifests, path first
	services  []string
}

// Names in the sample, to be replaced. They must occur nowhere else.
const (
	sampleNamespace = "sample-namespace"
	sampleName      = "sample-name"
)

func (s *site) newPeer(ctx context.Context) (*peer, error) {
	p := &peer{site: s, allocators: 8, publishers: 8}
	operator, err := s.startOperator(ctx)
	if err != nil {
		return nil, err
	}
	defer operator.Kill()
	if _, err := s.bare.Post(ctx, "/api/v1/namespaces", namespaceText(sampleNamespace)); err != nil {
		return nil, err
	}
	watch, err := s.bare.watchAllocations(ctx, berthGroup)
	if err != nil {
		return nil, err
	}
	defer watch.cancel()
	before, err := s.cluster.Revision(ctx)
	if err != nil {
		return nil, err
	}
	text := allocationText(berthGroup, rangeName, sampleNamespace, sampleName, sampleName)
	if _, err := s.bare.Post(ctx, allocationPath(berthGroup, sampleNamespace), text); err != nil {
		return nil, err
	}
	if _, err := watch.awaitOne(ctx, time.Minute, "Ready", sampleNamespace, sampleName); err != nil {
		return nil, err
	}
	if err := s.quiet(ctx, time.Minute); err != nil {
		return nil, err
	}
	if p.sample, err = s.readSample(ctx, before); err != nil {
		return nil, err
	}
	return p, operator.Stop()
}

// readSample takes what Berth wrote from the history of etcd.
func (s *site) readSample(ctx context.Context, since int64) (sample, error) {
	var made sample
	var number, uid string
	query := cluster.Query{From: since + 1, Prefixes: []string{cluster.Prefix(berthGroup, "portallocations"),
		cluster.Prefix("", "services/specs"), cluster.Prefix("", "networkpolicies")}}
	var policies, services []string
	err := s.cluster.History(ctx, query, func(change cluster.Change) error {
		var object map[string]any
		if err := json.Unmarshal(change.Value, &object); err != nil {
			return err
		}
		meta, _ := object["metadata"].(map[string]any)
		name, _ := meta["name"].(string)
		if !strings.HasPrefix(name, sampleName) {
			return nil // the namespace's
		}
		for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
			if field == "uid" && object["kind"] == "PortAllocation" {
				uid, _ = meta["uid"].(string)
			}
			delete(meta, field)
		}
		status := object["status"]
		delete(object, "status")
		if object["kind"] == "PortAllocation" {
			var shown struct {
				Status struct{ Ports []struct{ Port int } }
			}
			if err := json.Unmarshal(change.Value, &shown); err != nil || len(shown.Status.Ports) == 0 {
				return err
			}
			number = strconv.Itoa(shown.Status.Ports[0].Port)
			text, err := json.Marshal(status)
			if made.allocated == "" {
				made.allocated = string(text)
			}
			made.published = string(text)
			return err
		}
		if spec, _ := object["spec"].(map[string]any); object["kind"] == "Service" {
			for _, chosen := range []string{"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} {
				delete(spec, chosen)
			}
		}
		text, err := json.Marshal(object)
		if object["kind"] == "Service" {
			services = append(services, string(text))
		} else {
			policies = append(policies, string(text))
		}
		return err
	})
	if err != nil {
		return made, err
	}
	if made.allocated == "" || made.allocated == made.published || len(services) != 1 || len(policies) == 0 {
		return made, fmt.Errorf("the sample has %d Services and %d policies, status %s, then %s",
			len(services), len(policies), made.allocated, made.published)
	}
	open := strings.NewReplacer(number, "{number}", uid, "{uid}", sampleNamespace, "{namespace}", sampleName, "{name}",
		berthGroup, bareGroup)
	made.allocated, made.published = open.Replace(made.allocated), open.Replace(made.published)
	for i := range policies {
		made.policies = append(made.policies, open.Replace(policies[i]))
	}
	made.services = []string{open.Replace(services[0])}
	return made, nil
}

// one is an allocation that the bare client has created.
type one struct {
	written
	ns, name string
	fill     *strings.Replacer
}

func (p *peer) create(ctx context.Context, i int) (one, error) {
	ns, name := p.place(peerNamespaces, i)
	answer, err := p.bare.write(ctx, http.MethodPost, allocationPath(bareGroup, ns), allocationText(bareGroup, rangeName, ns, name, name))
	number := strconv.Itoa(peerFirst + i%peerNumbers)
	return one{answer, ns, name, strings.NewReplacer("{number}", number, "{uid}", answer.Metadata.UID,
		"{namespace}", ns, "{name}", name)}, err
}

func (p *peer) writeStatus(ctx context.Context, o *one, status string) error {
	body := fmt.Sprintf(`{"apiVersion":"%s/v1alpha1","kind":"PortAllocation","metadata":{"name":%q,"namespace":%q,`+
		`"uid":%q,"resourceVersion":%q},"status":%s}`,
		bareGroup, o.name, o.ns, o.Metadata.UID, o.Metadata.ResourceVersion, o.fill.Replace(status))
	var err error
	o.written, err = p.bare.write(ctx, http.MethodPut, allocationPath(bareGroup, o.ns, o.name, "status"), body)
	return err
}

func (p *peer) publish(ctx context.Context, o *one) error {
	for _, policy := range p.sample.policies {
		path := "/apis/networking.k8s.io/v1/namespaces/" + o.ns + "/networkpolicies"
		if _, err := p.bare.Post(ctx, path, o.fill.Replace(policy)); err != nil {
			return err
		}
	}
	for _, service := range p.sample.services {
		if _, err := p.bare.Post(ctx, "/api/v1/namespaces/"+o.ns+"/services", o.fill.Replace(service)); err != nil {
			return err
		}
	}
	return nil
}

// allocate creates n allocations and writes the first status of each.
func (p *peer) allocate(ctx context.Context, workers, n int) ([]one, error) {
	all := make([]one, n)
	base := p.made
	p.made += n
	return all, bare.Each(workers, n, func(i int) (err error) {
		if all[i], err = p.create(ctx, base+i); err != nil {
			return err
		}
		return p.writeStatus(ctx, &all[i], p.sample.allocated)
	})
}

// serve publishes them, and tells so in status.
func (p *peer) serve(ctx context.Context, workers int, all []one) error {
	return bare.Each(workers, len(all), func(i int) error {
		if err := p.publish(ctx, &all[i]); err != nil {
			return err
		}
		return p.writeStatus(ctx, &all[i], p.sample.published)
	})
}

// findConcurrency tries how many requests in flight are best.
func (p *peer) findConcurrency(ctx context.Context) error {
	var allocate, serve float64
	for _, workers := range []int{4, 8, 16, 32} {
		began := time.Now()
		all, err := p.allocate(ctx, workers, p.Tries)
		if err != nil {
			return err
		}
		first := float64(p.Tries) / time.Since(began).Seconds()
		began = time.Now()
		if err := p.serve(ctx, workers, all); err != nil {
			return err
		}
		second := float64(p.Tries) / time.Since(began).Seconds()
		p.say("bare client, %2d in flight: %4.0f allocated, %4.0f published a second", workers, first, second)
		if first > allocate {
			allocate, p.allocators = first, workers
		}
		if second > serve {
			serve, p.publishers = second, workers
		}
	}
	return p.clear(ctx)
}

// round allocates and publishes n, then removes them again. The watch is there because Berth's side has one.
func (p *peer) round(ctx context.Context, n int) error {
	if err := p.quiet(ctx, 20*time.Minute); err != nil {
		return err
	}
	watch, err := p.bare.watchAllocations(ctx, bareGroup)
	if err != nil {
		return err
	}
	defer watch.cancel()
	cpu, err := p.controlPlaneCPU()
	if err != nil {
		return err
	}
	began := time.Now()
	all, err := p.allocate(ctx, p.allocators, n)
	if err != nil {
		return err
	}
	allocated, err := watch.await(ctx, time.Minute, "Allocated", n)
	if err != nil {
		return err
	}
	second := time.Now()
	if err := p.serve(ctx, p.publishers, all); err != nil {
		return err
	}
	published, err := watch.await(ctx, time.Minute, "Published", n)
	if err != nil {
		return err
	}
	after, err := p.controlPlaneCPU()
	if err != nil {
		return err
	}
	p.rounds++
	p.allocated += allocated.Sub(began)
	p.published += allocated.Sub(began) + published.Sub(second)
	p.controlCPU += after - cpu
	p.say("bare client, %d: allocated in %.1f s, published in %.1f s, control plane %.1f CPU-s", n,
		allocated.Sub(began).Seconds(), (allocated.Sub(began) + published.Sub(second)).Seconds(), (after - cpu).Seconds())
	return p.clear(ctx)
}

// clear removes all that the bare client has made.
func (p *peer) clear(ctx context.Context) error {
	err := bare.Each(4, p.Namespaces, func(i int) error {
		ns := namespace(peerNamespaces, i)
		for _, path := range []string{"/api/v1/namespaces/" + ns + "/services",
			"/apis/networking.k8s.io/v1/namespaces/" + ns + "/networkpolicies", allocationPath(bareGroup, ns)} {
			if _, err := p.bare.Do(ctx, http.MethodDelete, path, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.quiet(ctx, 20*time.Minute)
}

package allocation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
)

// What the operator reads before it decides anything, in its order.
var read = []string{
	"/apis/berth.dev/v1alpha1/portledgers", "/apis/berth.dev/v1alpha1/portranges",
	"/apis/berth.dev/v1alpha1/exposurepolicies", "/api/v1/namespaces",
	"/apis/berth.dev/v1alpha1/portallocations", "/api/v1/services",
	"/apis/networking.k8s.io/v1/networkpolicies", "/api/v1/configmaps?labelSelector=berth.dev%2Fconfig-map",
	"/api/v1/pods",
}

// coldStart starts the operator on as many allocations as there were in the burst, half of them with a
// Service, and on pods, beside a bare client that reads the same in pages, one kind after the other, and only
// looks for the next page. Who goes first changes from round to round, and what counts is the median of the
// rounds' ratios: a single start takes half as long again as another.
func (s *site) coldStart(ctx context.Context) error {
	if err := s.replaceHalf(ctx); err != nil {
		return fmt.Errorf("replace half of the allocations: %w", err)
	}
	if err := s.addPods(ctx); err != nil {
		return err
	}
	var bare, berth []time.Duration
	var ratios []float64
	var most process.Usage
	for round := range s.ColdStarts {
		turns := []func() error{
			func() error { return s.bareStart(ctx, &bare) },
			func() error { return s.berthStart(ctx, &berth, &most) },
		}
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			if err := errors.Join(s.quiet(ctx, time.Minute), turn()); err != nil {
				return err
			}
		}
		ratios = append(ratios, berth[round].Seconds()/bare[round].Seconds())
	}
	s.lines.AgainstInTurns("cold start", "s", figures.Quantile(berth, 0.5).Seconds(), figures.Quantile(bare, 0.5).Seconds(), figures.Quantile(ratios, 0.5), 1.3)
	s.lines.AtMost("memory of the operator then", "MB", float64(most.RSS)/1e6, 60)
	s.lines.Tell("at most, while it read", "MB", float64(most.PeakRSS)/1e6, 0)
	return nil
}

func (s *site) bareStart(ctx context.Context, took *[]time.Duration) error {
	began := time.Now()
	objects, bytes := 0, 0
	for _, path := range read {
		n, size, err := s.bare.List(ctx, path)
		if err != nil {
			return err
		}
		objects, bytes = objects+n, bytes+size
	}
	*took = append(*took, time.Since(began))
	s.say("cold start, bare: %.2f s for %d objects, %d MB", time.Since(began).Seconds(), objects, bytes>>20)
	return nil
}

func (s *site) berthStart(ctx context.Context, took *[]time.Duration, most *process.Usage) error {
	began := time.Now()
	operator, err := s.startOperator(ctx)
	if err != nil {
		return err
	}
	err = s.awaitLeading(ctx, operator)
	*took = append(*took, time.Since(began))
	ready := time.Since(began)
	if err == nil {
		err = s.quiet(ctx, 20*time.Minute)
	}
	usage, failed := operator.Usage()
	most.RSS, most.PeakRSS = max(most.RSS, usage.RSS), max(most.PeakRSS, usage.PeakRSS)
	s.say("cold start, Berth: %.2f s, then %d MB, at most %d MB", ready.Seconds(), usage.RSS>>20, usage.PeakRSS>>20)
	return errors.Join(err, failed, operator.Stop())
}

// awaitLeading waits until the operator leads and has read everything.
func (s *site) awaitLeading(ctx context.Context, operator *programs.Program) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		text, err := operator.LogText()
		if err != nil {
			return err
		}
		if strings.Contains(text[strings.LastIndex(text, "Started"):], "Cluster read") {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the operator has not read the cluster: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// replaceHalf replaces every other allocation by one for the same pods that gives them a host port and no
// Service.
func (s *site) replaceHalf(ctx context.Context) error {
	if err := s.declareRange(ctx, hostRangeName, "HostPort"); err != nil {
		return err
	}
	operator, err := s.startIdle(ctx)
	if err != nil {
		return err
	}
	defer operator.Kill()
	const inFlight = 16
	half := s.Allocations / 2
	err = bare.Each(inFlight, half, func(i int) error {
		ns, name := s.place(berthNamespaces, 2*i+1)
		_, err := s.bare.Do(ctx, http.MethodDelete, allocationPath(berthGroup, ns, name), nil)
		return err
	})
	if err := errors.Join(err, s.quiet(ctx, 20*time.Minute)); err != nil {
		return err
	}
	watch, err := s.bare.watchAllocations(ctx, berthGroup)
	if err != nil {
		return err
	}
	defer watch.cancel()
	err = bare.Each(inFlight, half, func(i int) error {
		ns, app := s.place(berthNamespaces, 2*i+1)
		text := allocationText(berthGroup, hostRangeName, ns, "host-"+app, app)
		_, err := s.bare.Post(ctx, allocationPath(berthGroup, ns), text)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := watch.await(ctx, 20*time.Minute, "Enforced", half); err != nil {
		return err
	}
	return errors.Join(s.quiet(ctx, 20*time.Minute), operator.Stop())
}

// addPods puts pods into etcd, as many for each allocation: forty thousand through the API server would take
// longer than everything else. It makes the first, so that they all are as it stores them.
func (s *site) addPods(ctx context.Context) error {
	ns, app := s.place(berthNamespaces, 0)
	const first = "pod-of-the-bench"
	for _, write := range [][2]string{
		{"serviceaccounts", `{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"pods"}}`},
		{"pods", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + first + `","labels":{"app":"` + app + `"}},` +
			`"spec":{"serviceAccountName":"pods","containers":[{"name":"web","image":"web:1",` +
			`"ports":[{"name":"web","containerPort":8080}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}`},
	} {
		if _, err := s.bare.Post(ctx, "/api/v1/namespaces/"+ns+"/"+write[0], write[1]); err != nil {
			return err
		}
	}
	etcd, err := s.cluster.EtcdClient(ctx)
	if err != nil {
		return err
	}
	defer etcd.Close()
	const prefix = "/registry/pods/"
	stored, err := etcd.Get(ctx, prefix+ns+"/"+first)
	if err != nil {
		return err
	}
	if len(stored.Kvs) != 1 {
		return errors.New("the first pod is not in etcd")
	}
	text := string(stored.Kvs[0].Value)
	var pod written
	if err := json.Unmarshal([]byte(text), &pod); err != nil {
		return err
	}
	return bare.Each(8, s.Pods-1, func(i int) error {
		itsNs, itsApp := s.place(berthNamespaces, (i+1)%s.Allocations)
		name := fmt.Sprintf("%s-%05d", itsApp, i)
		// A UUID of its own: its end counts.
		uid := fmt.Sprintf("%s%012d", pod.Metadata.UID[:len(pod.Metadata.UID)-12], i)
		fill := strings.NewReplacer(first, name, `"`+ns+`"`, `"`+itsNs+`"`, app, itsApp, pod.Metadata.UID, uid)
		_, err := etcd.Put(ctx, prefix+itsNs+"/"+name, fill.Replace(text))
		return err
	})
}

package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// Objects that stand in the namespace that is judged; %q is the name.
const (
	crowdPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"labels":{"app":"web"}},"spec":{"serviceAccountName":"pods",` +
		`"containers":[{"name":"web","image":"web:1","ports":[{"name":"web","containerPort":8080}],` +
		`"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}`
	crowdService = `{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"labels":{"app":"web"}},"spec":{"selector":{"app":"web"},` +
		`"clusterIP":"None","ports":[{"name":"http","port":80,"targetPort":"web"}]}}`
)

// crowd puts objects into etcd until there are so many of a kind in all: through the API server that would take
// longer than everything else. It makes the first, so that they all are as it stores them.
func (s *site) crowd(ctx context.Context, plural, directory, text, ns string, from, to int) error {
	first := fmt.Sprintf("first-%s-%d", plural, from)
	if _, err := s.bare.Post(ctx, "/api/v1/namespaces/"+ns+"/"+plural, fmt.Sprintf(text, first)); err != nil {
		return err
	}
	etcd, err := s.cluster.EtcdClient(ctx)
	if err != nil {
		return err
	}
	defer etcd.Close()
	prefix := "/registry/" + directory + "/" + ns + "/"
	stored, err := etcd.Get(ctx, prefix+first)
	if err != nil {
		return err
	}
	if len(stored.Kvs) != 1 {
		return fmt.Errorf("%s is not in etcd", prefix+first)
	}
	var object struct{ Metadata struct{ UID string } }
	if err := json.Unmarshal(stored.Kvs[0].Value, &object); err != nil {
		return err
	}
	uid := object.Metadata.UID
	return bare.Each(8, to-from-1, func(i int) error {
		name := fmt.Sprintf("%s-%06d", plural, from+i)
		itsUID := fmt.Sprintf("%s%012d", uid[:len(uid)-12], from+i)
		fill := strings.NewReplacer(first, name, uid, itsUID)
		_, err := etcd.Put(ctx, prefix+name, fill.Replace(string(stored.Kvs[0].Value)))
		return err
	})
}

// spread fills namespaces with so many objects each, until there are so many in all; `filled` tells how many
// namespaces have them already.
func (s *site) spread(ctx context.Context, plural, directory, text string, objects int, filled *int) error {
	const each = 100
	for ; *filled*each < objects; *filled++ {
		ns := judged
		if *filled > 0 {
			ns = fmt.Sprintf("crowd-%03d", *filled)
			if err := s.makeRoom(ctx, ns); err != nil {
				return err
			}
		}
		if err := s.crowd(ctx, plural, directory, text, ns, 0, min(each, objects-*filled*each)); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom makes a namespace in which pods can be, once.
func (s *site) makeRoom(ctx context.Context, ns string) error {
	for _, write := range [][2]string{
		{"/api/v1/namespaces", fmt.Sprintf(`{"metadata":{"name":%q}}`, ns)},
		{"/api/v1/namespaces/" + ns + "/serviceaccounts", `{"metadata":{"name":"pods"}}`},
	} {
		if _, err := s.bare.Post(ctx, write[0], write[1]); err != nil && !strings.Contains(err.Error(), "AlreadyExists") {
			return err
		}
	}
	return nil
}

// namedPort asks about a Service whose named port has to be looked for in the hundred pods of its namespace, among
// many in the cluster.
func (s *site) namedPort(ctx context.Context) error {
	if err := s.makeRoom(ctx, judged); err != nil {
		return err
	}
	if err := s.spread(ctx, "pods", "pods", crowdPod, s.Pods, &s.podsIn); err != nil {
		return err
	}
	stop, err := s.noop(ctx, noop1, false)
	if err != nil {
		return err
	}
	defer stop()
	return s.withWebhook(ctx, func(*programs.Program) error {
		measured, err := s.rounds(ctx, joining, s.Together, 16, judged, noop1)
		if err != nil {
			return err
		}
		var berth, noop, ratios []float64
		for i := range measured[judged] {
			berth = append(berth, measured[judged][i].rate)
			noop = append(noop, measured[noop1][i].rate)
			ratios = append(ratios, berth[i]/noop[i])
		}
		s.lines.AtLeastInTurns(fmt.Sprintf("requests a second, 16 in flight, a named port among %d pods", s.Pods), "1/s",
			figures.Quantile(berth, 0.5), figures.Quantile(noop, 0.5), figures.Quantile(ratios, 0.5), 0.95)
		return nil
	})
}

// memory of a webhook that knows so many Services and Pods, and then of one that knows many more; with these its
// start is measured, too.
func (s *site) memory(ctx context.Context) error {
	if err := s.spread(ctx, "services", "services/specs", crowdService, s.Pods, &s.servicesIn); err != nil {
		return err
	}
	if err := s.weigh(ctx, fmt.Sprintf("memory with %d Services and %d Pods", s.Pods, s.Pods), 20); err != nil {
		return err
	}
	half := s.Objects / 2
	err := errors.Join(s.spread(ctx, "pods", "pods", crowdPod, half, &s.podsIn),
		s.spread(ctx, "services", "services/specs", crowdService, half, &s.servicesIn))
	if err != nil {
		return err
	}
	if err := s.weigh(ctx, fmt.Sprintf("memory with %d objects", s.Objects), 60); err != nil {
		return err
	}
	return s.starts(ctx)
}

func (s *site) weigh(ctx context.Context, name string, most float64) error {
	return s.withWebhook(ctx, func(webhook *programs.Program) error {
		before := int64(0)
		// It gives back what reading needed a moment after.
		err := kube.Poll(ctx, time.Minute, "its memory to settle", func(context.Context) error {
			usage, err := webhook.Usage()
			if err != nil {
				return err
			}
			settled := usage.RSS == before
			before = usage.RSS
			if !settled {
				time.Sleep(time.Second)
				return errors.New("it changes")
			}
			return nil
		})
		if err != nil {
			return err
		}
		usage, err := webhook.Usage()
		s.lines.AtMost(name, "MB", float64(usage.RSS)/1e6, most)
		s.lines.Tell("at most, while it read", "MB", float64(usage.PeakRSS)/1e6, 0)
		return err
	})
}

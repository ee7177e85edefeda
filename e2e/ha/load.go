package ha

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// load asks the API server to admit Services, so many a second. A dry run goes through admission like any other
// request and leaves nothing behind.
type load struct {
	admitted, failed, skipped atomic.Int64
	first                     sync.Once
	firstError                error
	began                     time.Time
	stop                      context.CancelFunc
	done                      sync.WaitGroup
}

// atOnce bounds what is in flight; what would be beyond it is not asked, and counted as skipped: the machine is too
// slow for the rate.
const atOnce = 64

func startLoad(client kubernetes.Interface, namespace string, rate int) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop, began: time.Now()}
	slots := make(chan struct{}, atOnce)
	l.done.Go(func() {
		// Each has its moment: what a busy machine is late with is made up for, where a ticker would drop it.
		for due := l.began; ; due = due.Add(time.Second / time.Duration(rate)) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(due)):
			}
			select {
			case slots <- struct{}{}:
				l.done.Go(func() {
					defer func() { <-slots }()
					l.ask(client, namespace)
				})
			default:
				l.skipped.Add(1)
			}
		}
	})
	return l
}

func (l *load) ask(client kubernetes.Interface, namespace string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := client.CoreV1().Services(namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		l.admitted.Add(1)
		return
	}
	l.failed.Add(1)
	l.first.Do(func() { l.firstError = fmt.Errorf("after %.1f s: %w", time.Since(l.began).Seconds(), err) })
}

// end waits for what is in flight, and says how it went.
func (l *load) end() string {
	took := time.Since(l.began)
	l.stop()
	l.done.Wait()
	return fmt.Sprintf("%d admitted, %d failed in %.0f s: %.0f a second (%d more were due, but too many were in flight)",
		l.admitted.Load(), l.failed.Load(), took.Seconds(), float64(l.admitted.Load())/took.Seconds(), l.skipped.Load())
}

package kube

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Poll calls try until it returns nil, and fails when that has not happened within timeout. The error says
// what was waited for and what the last try was missing, so try should say so: "3 of 5 are Ready", not
// "not yet". Each try has five seconds at most.
//
//	kube.Poll(ctx, 10*time.Second, "the allocation to have a port", func(ctx context.Context) error { ... })
func Poll(ctx context.Context, timeout time.Duration, what string, try func(context.Context) error) error {
	const (
		shortest = 10 * time.Millisecond
		longest  = 250 * time.Millisecond
		perTry   = 5 * time.Second
	)
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var missing error // what the last try that was not cut off by the deadline said
	tries := 0
	for pause := shortest; ; pause = min(pause*3/2, longest) {
		once, done := context.WithTimeout(ctx, perTry)
		err := try(once)
		done()
		tries++
		if err == nil {
			return nil
		}
		if missing == nil || ctx.Err() == nil {
			missing = err
		}
		if stop := (stopError{}); errors.As(err, &stop) {
			return fmt.Errorf("waited for %s: %w", what, stop.error)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %.1f s (%d tries) for %s: %w", time.Since(began).Seconds(), tries, what, missing)
		case <-time.After(pause):
		}
	}
}

// Stop makes Poll and Eventually give up at once: what is waited for cannot come any more.
func Stop(err error) error { return stopError{err} }

type stopError struct{ error }

func (s stopError) Unwrap() error { return s.error }

// Eventually is Poll for tests: the test ends if it fails.
func Eventually(t testing.TB, timeout time.Duration, what string, try func(context.Context) error) {
	t.Helper()
	if err := Poll(t.Context(), timeout, what, try); err != nil {
		t.Fatal(err)
	}
}

// Always calls check again and again for a time and ends the test if it fails once. Where history can
// answer (cluster.Replay), ask that instead: it misses nothing and waits for nothing.
func Always(t testing.TB, during time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	began := time.Now()
	for time.Since(began) < during {
		if err := check(t.Context()); err != nil {
			t.Fatalf("%s held for only %.1f s of %s: %v", what, time.Since(began).Seconds(), during, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Condition returns a condition of status.conditions; ok is false if there is none of this type.
func Condition(object *unstructured.Unstructured, conditionType string) (condition metav1.Condition, ok bool) {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range list {
		fields, _ := entry.(map[string]any)
		if fields["type"] != conditionType {
			continue
		}
		text := func(name string) string { value, _ := fields[name].(string); return value }
		generation, _ := fields["observedGeneration"].(int64)
		return metav1.Condition{
			Type:               conditionType,
			Status:             metav1.ConditionStatus(text("status")),
			Reason:             text("reason"),
			Message:            text("message"),
			ObservedGeneration: generation,
		}, true
	}
	return metav1.Condition{}, false
}

// HasCondition returns nil if a condition has the status ("True", "False", "Unknown") and, if given, the
// reason; otherwise an error that says what it has. For use in Poll.
func HasCondition(object *unstructured.Unstructured, conditionType, status string, reason ...string) error {
	got, ok := Condition(object, conditionType)
	if !ok {
		return fmt.Errorf("%s has no condition %s", Name(object), conditionType)
	}
	if string(got.Status) != status || (len(reason) > 0 && got.Reason != reason[0]) {
		return fmt.Errorf("%s is %s=%s, reason %s: %s", Name(object), conditionType, got.Status, got.Reason, got.Message)
	}
	return nil
}

// AwaitCondition waits until a condition of an object has a status and, if given, a reason; it returns the
// object as it was then.
func (c *Client) AwaitCondition(t testing.TB, timeout time.Duration, kind, namespace, name, conditionType, status string, reason ...string) *unstructured.Unstructured {
	t.Helper()
	var object *unstructured.Unstructured
	Eventually(t, timeout, fmt.Sprintf("%s %s/%s to be %s=%s %v", kind, namespace, name, conditionType, status, reason),
		func(ctx context.Context) (err error) {
			if object, err = c.Get(ctx, kind, namespace, name); err != nil {
				return err
			}
			return HasCondition(object, conditionType, status, reason...)
		})
	return object
}

// AwaitGone waits until an object does not exist any more.
func (c *Client) AwaitGone(t testing.TB, timeout time.Duration, kind, namespace, name string) {
	t.Helper()
	Eventually(t, timeout, fmt.Sprintf("%s %s/%s to be gone", kind, namespace, name), func(ctx context.Context) error {
		object, err := c.Get(ctx, kind, namespace, name)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return fmt.Errorf("%s still exists, finalizers %v, deletionTimestamp %v", Name(object), object.GetFinalizers(), object.GetDeletionTimestamp())
	})
}

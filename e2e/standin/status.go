package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var probes = http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// probe asks once. Without a probe the answer is yes.
func (p *pod) probe(ctx context.Context, container *corev1.Container, probe *corev1.Probe) error {
	if probe == nil || probe.HTTPGet == nil {
		return nil
	}
	port := probe.HTTPGet.Port.String()
	if probe.HTTPGet.Port.Type == intstr.String {
		for _, named := range container.Ports {
			if named.Name == port {
				port = fmt.Sprint(named.ContainerPort)
			}
		}
	}
	url := "http://" + net.JoinHostPort(p.address.String(), port) + probe.HTTPGet.Path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := probes.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return nil
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// report writes the status, if it is another one than was written last.
func (p *pod) report(ctx context.Context, phase corev1.PodPhase, state corev1.ContainerState, ready bool) {
	container := p.object.Spec.Containers[0]
	p.status.Phase = phase
	p.status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: container.Name, Image: container.Image, ImageID: "none", Ready: ready, RestartCount: max(0, p.restarts),
		State: state, Started: ptr(state.Running != nil),
	}}
	p.status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue},
		{Type: corev1.ContainersReady, Status: truth(ready)},
		{Type: corev1.PodReady, Status: truth(ready)},
	}
	key := fmt.Sprint(phase, state, ready, p.restarts)
	if key == p.reported {
		return
	}
	now := metav1.Now()
	for i := range p.status.Conditions {
		p.status.Conditions[i].LastTransitionTime = now
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.uid}, "status": p.status})
	if err != nil {
		p.log("%v", err)
		return
	}
	_, err = p.node.client.CoreV1().Pods(p.namespace).Patch(ctx, p.name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		if !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			p.log("the status cannot be written: %v", err)
		}
		return // tried again at the next look
	}
	p.reported = key
}

// remove lets the object of a pod that has ended go.
func (p *pod) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := p.node.client.CoreV1().Pods(p.namespace).Delete(ctx, p.name, metav1.DeleteOptions{
		GracePeriodSeconds: ptr(int64(0)), Preconditions: &metav1.Preconditions{UID: &p.uid}})
	if err != nil && !apierrors.IsNotFound(err) {
		p.log("cannot be removed: %v", err)
	}
}

func truth(is bool) corev1.ConditionStatus {
	if is {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

func ptr[T any](value T) *T { return &value }

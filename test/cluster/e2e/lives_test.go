// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// life is what was seen of a pod, with the times at which it was seen: those in
// Kubernetes' objects are whole seconds. Gone is zero while it is there.
type life struct {
	pod                  *corev1.Pod // its last state
	created, ready, gone time.Time
}

// function is the Knative Service that it is of, or the app.
func (l life) function() string {
	if service := l.pod.Labels["serving.knative.dev/service"]; service != "" {
		return service
	}
	return l.pod.Labels["app"]
}

// of reports whether it is a pod of the deployment.
func (l life) of(deployment string) bool {
	set := l.pod.Labels["pod-template-hash"]
	return set != "" && strings.HasPrefix(l.pod.Name, deployment+"-"+set+"-")
}

func (l life) String() string {
	said := []string{l.pod.Name, string(l.pod.Status.Phase)}
	for _, c := range l.pod.Status.ContainerStatuses {
		if c.State.Waiting != nil {
			said = append(said, c.Name+" waits: "+c.State.Waiting.Reason)
		}
	}
	if l.pod.DeletionTimestamp != nil {
		said = append(said, "ending")
	}
	return strings.Join(said, ", ")
}

// lives records the life of every pod of the cluster.
type lives struct {
	mu      sync.Mutex
	all     map[types.UID]*life
	changed func(*corev1.Pod) // nil for nobody
}

// watchPods records until ctx ends. A pod that is there already has lived since
// its creation.
func watchPods(ctx context.Context, kube kubernetes.Interface) (*lives, error) {
	l := &lives{all: map[types.UID]*life{}}
	informer := informers.NewSharedInformerFactory(kube, 0).Core().V1().Pods().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(obj any, isInitial bool) {
			pod := obj.(*corev1.Pod)
			if isInitial {
				l.see(pod, pod.CreationTimestamp.Time)
			} else {
				l.see(pod, time.Now())
			}
		},
		UpdateFunc: func(_, obj any) { l.see(obj.(*corev1.Pod), time.Now()) },
		DeleteFunc: func(obj any) {
			if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = last.Obj
			}
			l.miss(obj.(*corev1.Pod))
		},
	})
	if err != nil {
		return nil, err
	}
	go informer.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, errors.New("pods cannot be watched")
	}
	return l, nil
}

// onChange has f called with each state of each pod, those that there are first.
func (l *lives) onChange(f func(*corev1.Pod)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = f
	for _, seen := range l.all {
		f(seen.pod)
	}
}

func (l *lives) see(pod *corev1.Pod, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		l.changed(pod)
	}
	seen, ok := l.all[pod.UID]
	if !ok {
		seen = &life{created: now}
		l.all[pod.UID] = seen
	}
	seen.pod = pod
	if seen.ready.IsZero() && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	}) {
		seen.ready = now
	}
}

func (l *lives) miss(pod *corev1.Pod) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seen, ok := l.all[pod.UID]; ok {
		seen.pod, seen.gone = pod, time.Now()
	}
}

// in are the lives of a namespace's pods, the oldest first.
func (l *lives) in(namespace string) []life {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []life
	for _, seen := range l.all {
		if seen.pod.Namespace == namespace {
			found = append(found, *seen)
		}
	}
	slices.SortFunc(found, func(a, b life) int { return a.created.Compare(b.created) })
	return found
}

// present are those of a namespace's pods that are there, and match.
func (l *lives) present(namespace string, match func(life) bool) []life {
	return slices.DeleteFunc(l.in(namespace), func(seen life) bool { return !seen.gone.IsZero() || !match(seen) })
}

// list says what pods do, for a failure.
func list(pods []life) string {
	said := make([]string, len(pods))
	for i, pod := range pods {
		said[i] = pod.String()
	}
	return strings.Join(said, "; ")
}

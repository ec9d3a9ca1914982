// SPDX-License-Identifier: Apache-2.0

package plank_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
	"github.com/cutwater-ci/cutwater/internal/buildid"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/injection/client"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// world is a namespace of a real API server, with a plank in it; the test
// itself is everybody else: users, kubelets and reporters.
type world struct {
	testing.TB
	namespace string
	config    *rest.Config
	kube      kubernetes.Interface
	prow      versioned.Interface
	settings  atomic.Pointer[plank.Settings]
	clock     atomic.Int64 // seconds that plank's clock is ahead
	pod       func(*prowv1.ProwJob) (*corev1.Pod, error)
	wrap      func(http.RoundTripper) http.RoundTripper // of plank's own requests
	reads     func()                                    // is called when plank reads its settings
	synced    func(jobs cache.Store)                    // is called when the caches are full, before plank works
}

func newWorld(tb testing.TB, config *rest.Config) *world {
	tb.Helper()
	config = rest.CopyConfig(config)
	config.QPS = -1
	w := &world{
		TB:     tb,
		config: config,
		kube:   kubernetes.NewForConfigOrDie(config),
		prow:   versioned.NewForConfigOrDie(config),
		pod: func(pj *prowv1.ProwJob) (*corev1.Pod, error) {
			return decorate.Pod(pj, decorate.Options{})
		},
	}
	namespace, err := w.kube.CoreV1().Namespaces().Create(tb.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "world-"}}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatalf("creating a namespace: %v", err)
	}
	w.namespace = namespace.Name
	w.settings.Store(&plank.Settings{
		MaxRevivals:        3,
		UnscheduledTimeout: time.Hour,
		PendingTimeout:     time.Hour,
		RunningTimeout:     time.Hour,
	})
	return w
}

// start starts plank and returns what stops it.
func (w *world) start() (stop func()) {
	w.Helper()
	var log *zap.SugaredLogger
	if t, ok := w.TB.(*testing.T); ok {
		log = zaptest.NewLogger(t, zaptest.Level(zap.InfoLevel)).Sugar()
	} else {
		log = zap.NewNop().Sugar()
	}
	ctx, cancel := context.WithCancel(logging.WithLogger(context.Background(), log))
	config := rest.CopyConfig(w.config)
	if w.wrap != nil {
		config.Wrap(w.wrap)
	}
	kube, prow := kubernetes.NewForConfigOrDie(config), versioned.NewForConfigOrDie(config)
	jobs := externalversions.NewSharedInformerFactoryWithOptions(prow, 0,
		externalversions.WithNamespace(w.namespace), externalversions.WithTransform(resources.SlimProwJob))
	pods := informers.NewSharedInformerFactoryWithOptions(kube, 0,
		informers.WithNamespace(w.namespace), informers.WithTransform(resources.SlimPod))
	ctx = context.WithValue(ctx, prowclient.Key{}, prow)
	ctx = context.WithValue(ctx, prowjobinformer.Key{}, jobs.Prow().V1().ProwJobs())
	ctx = controller.WithEventRecorder(ctx, record.NewFakeRecorder(1000))

	ids, err := buildid.NewSnowflake()
	if err != nil {
		w.Fatal(err)
	}
	impl, err := plank.NewController(ctx, plank.Options{
		Namespace: w.namespace,
		Settings: func() plank.Settings {
			if w.reads != nil {
				w.reads()
			}
			return *w.settings.Load()
		},
		Clusters: map[string]plank.Cluster{prowv1.DefaultClusterAlias: {
			Client: kube, Namespace: w.namespace, Pods: pods.Core().V1().Pods().Informer(),
		}},
		Pod:     w.pod,
		URL:     func(pj *prowv1.ProwJob) (string, error) { return "https://prow.example/" + pj.Status.BuildID, nil },
		BuildID: ids.Next,
		Version: "test",
		Now:     func() time.Time { return time.Now().Add(time.Duration(w.clock.Load()) * time.Second) },
	})
	if err != nil {
		w.Fatalf("making the controller: %v", err)
	}
	jobs.Start(ctx.Done())
	pods.Start(ctx.Done())
	jobs.WaitForCacheSync(ctx.Done())
	pods.WaitForCacheSync(ctx.Done())
	if w.synced != nil {
		w.synced(jobs.Prow().V1().ProwJobs().Informer().GetStore())
	}
	done := make(chan error, 1)
	go func() { done <- impl.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			w.Errorf("plank ended: %v", err)
		}
		jobs.Shutdown()
		pods.Shutdown()
	}
	w.Cleanup(stop)
	return stop
}

// run creates a triggered ProwJob.
func (w *world) run(name string, changes ...func(*prowv1.ProwJob)) *prowv1.ProwJob {
	w.Helper()
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace, Labels: map[string]string{prowv1.CreatedByProwLabel: "true"}},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PeriodicJob, Agent: prowv1.KubernetesAgent, Job: "unit",
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine", Command: []string{"true"}}}},
		},
		Status: prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: metav1.Now()},
	}
	for _, change := range changes {
		change(pj)
	}
	created, err := w.prow.ProwV1().ProwJobs(w.namespace).Create(w.Context(), pj, metav1.CreateOptions{})
	if err != nil {
		w.Fatalf("creating ProwJob %s: %v", name, err)
	}
	return created
}

func (w *world) job(name string) *prowv1.ProwJob {
	w.Helper()
	pj, err := w.prow.ProwV1().ProwJobs(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.Fatalf("reading ProwJob %s: %v", name, err)
	}
	return pj
}

// until waits for a ProwJob to be as wanted.
func (w *world) until(name, what string, ok func(*prowv1.ProwJob) bool) *prowv1.ProwJob {
	w.Helper()
	var pj *prowv1.ProwJob
	w.eventually(func() (bool, string) {
		pj = w.job(name)
		return ok(pj), fmt.Sprintf("%s: waiting for %s, status is %+v", name, what, pj.Status)
	})
	return pj
}

func (w *world) untilState(name string, state prowv1.ProwJobState) *prowv1.ProwJob {
	w.Helper()
	return w.until(name, "state "+string(state), func(pj *prowv1.ProwJob) bool { return pj.Status.State == state })
}

// ends waits for a ProwJob to be complete and holds its state and description against what is wanted.
func (w *world) ends(name string, state prowv1.ProwJobState, description string) *prowv1.ProwJob {
	w.Helper()
	pj := w.until(name, "its end", (*prowv1.ProwJob).Complete)
	if pj.Status.State != state || pj.Status.Description != description {
		w.Fatalf("%s ended with %s, %q, want %s, %q", name, pj.Status.State, pj.Status.Description, state, description)
	}
	return pj
}

func (w *world) eventually(ok func() (bool, string)) {
	w.Helper()
	last := ""
	if err := wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		done, state := ok()
		last = state
		return done, nil
	}); err != nil {
		w.Fatalf("%v: %s", err, last)
	}
}

// podOf waits for a run's pod; other than, if that is not nil.
func (w *world) podOf(name string, not *corev1.Pod) *corev1.Pod {
	w.Helper()
	var pod *corev1.Pod
	w.eventually(func() (bool, string) {
		var err error
		pod, err = w.kube.CoreV1().Pods(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
		return err == nil && (not == nil || pod.UID != not.UID), fmt.Sprintf("waiting for pod %s: %v", name, err)
	})
	return pod
}

func (w *world) podGone(name string) {
	w.Helper()
	w.eventually(func() (bool, string) {
		pod, err := w.kube.CoreV1().Pods(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
		return err != nil, fmt.Sprintf("waiting for pod %s to go, it is %s", name, pod.Status.Phase)
	})
}

// kubelet sets a pod's status.
func (w *world) kubelet(pod *corev1.Pod, phase corev1.PodPhase, changes ...func(*corev1.PodStatus)) {
	w.Helper()
	current, err := w.kube.CoreV1().Pods(w.namespace).Get(w.Context(), pod.Name, metav1.GetOptions{})
	if err != nil {
		w.Fatalf("reading pod %s: %v", pod.Name, err)
	}
	now := metav1.Now()
	current.Status.Phase, current.Status.StartTime = phase, &now
	for _, change := range changes {
		change(&current.Status)
	}
	if _, err := w.kube.CoreV1().Pods(w.namespace).UpdateStatus(w.Context(), current, metav1.UpdateOptions{}); err != nil {
		w.Fatalf("setting the status of pod %s: %v", pod.Name, err)
	}
}

// patchJob changes a ProwJob as others do.
func (w *world) patchJob(name, patch string) {
	w.Helper()
	if _, err := w.prow.ProwV1().ProwJobs(w.namespace).Patch(w.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		w.Fatalf("patching ProwJob %s: %v", name, err)
	}
}

func (w *world) patchPod(name, patch string) {
	w.Helper()
	if _, err := w.kube.CoreV1().Pods(w.namespace).Patch(w.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		w.Fatalf("patching pod %s: %v", name, err)
	}
}

// touchPod makes plank look at a pod, which it may have deleted by then.
func (w *world) touchPod(name string) {
	w.Helper()
	patch := []byte(`{"metadata":{"labels":{"touched":"yes"}}}`)
	_, err := w.kube.CoreV1().Pods(w.namespace).Patch(w.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		w.Fatalf("patching pod %s: %v", name, err)
	}
}

// forget deletes a ProwJob.
func (w *world) forget(name string) {
	w.Helper()
	if err := w.prow.ProwV1().ProwJobs(w.namespace).Delete(w.Context(), name, metav1.DeleteOptions{}); err != nil {
		w.Fatalf("deleting ProwJob %s: %v", name, err)
	}
}

// deletePod deletes a pod with a grace period in seconds; 0 is in one step.
func (w *world) deletePod(name string, grace int64) {
	w.Helper()
	if err := w.kube.CoreV1().Pods(w.namespace).Delete(w.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &grace}); err != nil {
		w.Fatalf("deleting pod %s: %v", name, err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/controller"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
)

// reporterFinalizer keeps a pod until crier has uploaded what it knows of it.
const reporterFinalizer = "prow.x-k8s.io/gcsk8sreporter"

var (
	errUnbuildable = errors.New("pod cannot be built")
	errNoBuildID   = errors.New("no build ID")
	errPodExists   = errors.New("a pod exists already")
)

// podOf returns a run's pod; nil when there is none. For a run that should
// have one, the cache is not believed when it knows none.
func podOf(ctx context.Context, pj *prowv1.ProwJob, cluster Cluster) (*corev1.Pod, error) {
	if pod, ok := cluster.cached(pj.Name); ok {
		return pod, nil
	}
	if pj.Complete() || pj.Status.State == prowv1.TriggeredState {
		return nil, nil
	}
	pod, err := cluster.Client.CoreV1().Pods(cluster.Namespace).Get(ctx, pj.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading pod %s: %w", pj.Name, err)
	case !isOf(pod, pj.Name):
		return nil, nil
	}
	return pod, nil
}

func (c Cluster) cached(name string) (*corev1.Pod, bool) {
	obj, ok, err := c.Pods.GetIndexer().GetByKey(cache.NewObjectName(c.Namespace, name).String())
	if err != nil || !ok {
		return nil, false
	}
	pod, ok := obj.(*corev1.Pod)
	return pod, ok && isOf(pod, name)
}

// isOf says whether the pod was made for the ProwJob of that name, and not only bears its name.
func isOf(pod *corev1.Pod, prowJob string) bool { return pod.Labels[prowv1.IDLabel] == prowJob }

// start makes the first pod of a run, if the limits let it.
func (r *Reconciler) start(ctx context.Context, pj *prowv1.ProwJob, cluster Cluster, settings Settings) error {
	ok, err := r.limits.admit(pj.Name, settings)
	if err != nil {
		return err
	}
	if !ok {
		return controller.NewRequeueAfter(retryPlace)
	}
	return r.makePod(ctx, pj, cluster)
}

// makePod creates a pod for a run and records it on the run.
func (r *Reconciler) makePod(ctx context.Context, pj *prowv1.ProwJob, cluster Cluster) error {
	current, err := r.current(ctx, pj)
	if err != nil {
		r.limits.release(pj.Name)
		return err
	}
	if current == nil {
		return nil // the place stays taken until the informer tells: it may be pending already
	}
	pod, err := r.createPod(ctx, current, cluster)
	switch {
	case err == nil:
		return r.record(ctx, current, pod)
	case hopeless(err):
		return r.complete(ctx, current, change{"state": prowv1.ErrorState, "description": fmt.Sprintf("Pod can not be created: %v", err)})
	case refused(err):
		r.limits.release(pj.Name)
	default:
		r.limits.podSeen(pj.Name) // in doubt, there is one
	}
	return err
}

// refused says whether it is sure that an error left no pod behind.
func refused(err error) bool {
	if errors.Is(err, errPodExists) {
		return false
	}
	status := apierrors.APIStatus(nil)
	return errors.As(err, &status) && !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err) ||
		utilnet.IsConnectionRefused(err) || errors.Is(err, errNoBuildID)
}

// current reads the whole ProwJob, of which the cache holds but a part, from
// the API server; nil when it is not any more what the cache showed. An answer
// as fresh as our cache will do: what is done next is guarded by its version.
func (r *Reconciler) current(ctx context.Context, pj *prowv1.ProwJob) (*prowv1.ProwJob, error) {
	current, err := r.client.ProwJobs(pj.Namespace).Get(ctx, pj.Name, metav1.GetOptions{ResourceVersion: pj.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", pj.Name, err)
	}
	same := current.UID == pj.UID && current.Status.State == pj.Status.State && !current.Complete() && current.DeletionTimestamp == nil
	if !same {
		return nil, nil // the informer will tell
	}
	return current, nil
}

// createPod creates a run's pod under a new build ID. Since the pod has the
// run's name, there can only be one: should it exist, it is that one.
func (r *Reconciler) createPod(ctx context.Context, pj *prowv1.ProwJob, cluster Cluster) (*corev1.Pod, error) {
	id, err := r.BuildID(ctx, pj.Spec.Job)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoBuildID, err)
	}
	numbered := *pj
	numbered.Status.BuildID = id
	pod, err := r.Pod(&numbered)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnbuildable, err)
	}
	resources.Finish(pod, cluster.Namespace, r.Version, ReplacedPodAnnotation)
	pods := cluster.Client.CoreV1().Pods(cluster.Namespace)
	created, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return created, err
	}
	existing, getErr := pods.Get(ctx, pj.Name, metav1.GetOptions{})
	if getErr != nil {
		return nil, fmt.Errorf("%w: reading it: %w", errPodExists, getErr)
	}
	if !isOf(existing, pj.Name) {
		return nil, fmt.Errorf("%w: a pod of its name exists, but is none of its own", errUnbuildable)
	}
	return existing, nil
}

// hopeless says whether creating the pod would fail again: the request itself
// is at fault, not the state of the cluster or our credentials.
func hopeless(err error) bool {
	if errors.Is(err, errUnbuildable) {
		return true
	}
	status := apierrors.APIStatus(nil)
	if errors.Is(err, errPodExists) || !errors.As(err, &status) {
		return false
	}
	switch code := int(status.Status().Code); code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	default:
		return code >= 400 && code < 500
	}
}

// adopt records a pod that exists though the run does not say so.
func (r *Reconciler) adopt(ctx context.Context, pj *prowv1.ProwJob, pod *corev1.Pod) error {
	current, err := r.current(ctx, pj)
	if current == nil || err != nil {
		return err
	}
	return r.record(ctx, current, pod)
}

// record notes on the run, as it was read from the API server, which pod it has.
func (r *Reconciler) record(ctx context.Context, pj *prowv1.ProwJob, pod *corev1.Pod) error {
	recorded := *pj
	recorded.Status.BuildID = resources.BuildID(pod)
	recorded.Status.PodName = pod.Name
	status := change{"build_id": recorded.Status.BuildID, "pod_name": pod.Name}
	if pj.Status.State == prowv1.TriggeredState {
		now := metav1.NewTime(r.Now())
		recorded.Status.State, status["state"] = prowv1.PendingState, prowv1.PendingState
		recorded.Status.PendingTime, status["pendingTime"] = &now, now
		recorded.Status.Description, status["description"] = jobTriggered, jobTriggered
	}
	url, err := r.URL(&recorded)
	if err != nil {
		r.log.Warnw("The run has no URL.", "prowjob", pj.Name, "job", pj.Spec.Job, "error", err)
	}
	status["url"] = url
	if err := r.patch(ctx, pj, status); err != nil {
		return fmt.Errorf("recording the pod: %w", err)
	}
	r.log.Infow("The run has a pod.", "prowjob", pj.Name, "job", pj.Spec.Job, "build-id", recorded.Status.BuildID)
	return nil
}

const jobTriggered = "Job triggered."

// discardPod deletes a pod whose results nobody will ask for.
func discardPod(ctx context.Context, pod *corev1.Pod, cluster Cluster) error {
	if slices.Contains(pod.Finalizers, reporterFinalizer) {
		if err := removeFinalizer(ctx, pod, cluster); err != nil {
			return err
		}
	}
	return deletePod(ctx, cluster, pod.Name, pod.UID)
}

func removeFinalizer(ctx context.Context, pod *corev1.Pod, cluster Cluster) error {
	others := slices.DeleteFunc(slices.Clone(pod.Finalizers), func(f string) bool { return f == reporterFinalizer })
	body, err := json.Marshal(change{"metadata": change{"resourceVersion": pod.ResourceVersion, "finalizers": others}})
	if err != nil {
		return fmt.Errorf("encoding a patch of pod %s: %w", pod.Name, err)
	}
	_, err = cluster.Client.CoreV1().Pods(cluster.Namespace).Patch(ctx, pod.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("removing finalizer %s of pod %s: %w", reporterFinalizer, pod.Name, err)
	}
	return nil
}

// deletePod deletes the pod that has the name and the UID. A pod that is gone is no error.
func deletePod(ctx context.Context, cluster Cluster, name string, uid types.UID) error {
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
	err := cluster.Client.CoreV1().Pods(cluster.Namespace).Delete(ctx, name, options)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting pod %s: %w", name, err)
	}
	return nil
}

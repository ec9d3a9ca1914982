// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

// testContainer is the container of a job that has one.
const testContainer = "test"

// podLogs reads the logs of pods that have not been deleted yet.
type podLogs interface {
	// Open returns a container's log; of tailLines above 0, its last lines only.
	Open(ctx context.Context, namespace, pod, container string, tailLines int64) (io.ReadCloser, error)
}

// kubeLogs reads logs from the API server.
type kubeLogs struct{ client kubernetes.Interface }

// Open returns a container's log.
func (k kubeLogs) Open(ctx context.Context, namespace, pod, container string, tailLines int64) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: container}
	if tailLines > 0 {
		options.TailLines = &tailLines
	}
	return k.client.CoreV1().Pods(namespace).GetLogs(pod, options).Stream(ctx)
}

// openPodLog opens the log of a run's pod.
func (s *server) openPodLog(ctx context.Context, pj *prowv1.ProwJob, container string, tailLines int64) (io.ReadCloser, error) {
	switch {
	case pj.Spec.Agent != prowv1.KubernetesAgent && pj.Spec.Agent != "":
		return nil, notFound("This run has no pod.")
	case pj.ClusterAlias() != prowv1.DefaultClusterAlias:
		return nil, notFound("The run's build cluster is not the one that deck reads logs from.")
	case pj.Status.PodName == "" && pj.Status.PendingTime == nil:
		return nil, notFound("The run has no pod yet.")
	}
	log, err := s.logs.Open(ctx, s.config().PodNamespace, cmp.Or(pj.Status.PodName, pj.Name), container, tailLines)
	if err != nil {
		return nil, &unavailableLog{err}
	}
	return log, nil
}

// unavailableLog is a log that the API server does not give: the pod is gone, or has not started.
type unavailableLog struct{ err error }

func (e *unavailableLog) Error() string { return "the pod's log is not available: " + e.err.Error() }

func (e *unavailableLog) Unwrap() error { return e.err }

// log serves the log of a run as text: from its pod or, when that cannot be asked,
// from the bucket, as far as it is there.
func (s *server) log(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	job, id := query.Get("job"), query.Get("id")
	if job == "" || id == "" {
		fail(w, r, badRequest("Say which: /log?job=JOB&id=BUILD_ID."))
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	err := s.serveLog(w, r, job, id, cmp.Or(query.Get("container"), testContainer))
	var gone *unavailableLog
	if errors.As(err, &gone) {
		err = notFound("The run's log is neither in its pod nor in the bucket.")
	}
	if err != nil {
		fail(w, r, err)
	}
}

func (s *server) serveLog(w http.ResponseWriter, r *http.Request, job, id, container string) error {
	pj, err := s.find(r.Context(), job, id)
	if err != nil {
		return err
	}
	if pj == nil {
		return notFound("There is no run of this job and build ID.")
	}
	log, err := s.openPodLog(r.Context(), pj, container, 0)
	if err != nil {
		if p, ok := s.placeOf(pj); ok {
			if pj.Complete() && s.serveObject(w, r, p.below(logName(container))) == nil {
				return nil
			}
			if s.serveLive(w, r, p, logName(container)) == nil {
				return nil
			}
		}
		return err
	}
	defer log.Close()
	plainHeaders(w)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, _ = io.Copy(w, log)
	return nil
}

// serveLive answers with what is in the bucket of a log that was not stored whole.
func (s *server) serveLive(w http.ResponseWriter, r *http.Request, p place, name string) error {
	bucket, err := s.storage.bucket(r.Context(), p)
	if err != nil {
		return err
	}
	log, err := livelog.Open(r.Context(), bucket, p.key, name)
	if err != nil {
		return err
	}
	plainHeaders(w)
	_ = log.Copy(r.Context(), w, 0) // whoever asked sees that it breaks off
	return nil
}

// logName is the file of a container's log.
func logName(container string) string {
	if container == testContainer {
		return "build-log.txt"
	}
	return container + "-build-log.txt"
}

// containerOf is the container whose log has that name.
func containerOf(logName string) string {
	if container, ok := strings.CutSuffix(logName, "-build-log.txt"); ok {
		return container
	}
	return testContainer
}

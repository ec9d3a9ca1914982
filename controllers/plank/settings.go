// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Settings is what plank takes from config.yaml. A reconcile works with one
// snapshot of it from beginning to end.
type Settings struct {
	// MaxConcurrency limits how many runs are pending in all; 0 is no limit.
	MaxConcurrency int
	// QueueCapacities limits how many runs of a queue are pending: 0 lets none start, a negative number all.
	QueueCapacities map[string]int
	// MaxRevivals is how often a pod that was stopped from outside is started again; 0 is never.
	MaxRevivals int
	// UnscheduledTimeout limits the time from a pod's creation until a node takes it.
	UnscheduledTimeout time.Duration
	// PendingTimeout limits the time from a node's taking the pod until its containers run.
	PendingTimeout time.Duration
	// RunningTimeout limits the time from a node's taking the pod until its end.
	RunningTimeout time.Duration
}

// Cluster is a build cluster, as plank sees it.
type Cluster struct {
	// Client makes and deletes pods.
	Client kubernetes.Interface
	// Namespace is where the pods are: pod_namespace of config.yaml.
	Namespace string
	// Pods watches the pods there that carry the label created-by-prow=true.
	Pods cache.SharedIndexInformer
}

// Options is what plank needs besides the ProwJob client and informer, which
// knative.dev/pkg/injection keeps on the context.
type Options struct {
	// Namespace is where the ProwJobs are: prowjob_namespace of config.yaml.
	Namespace string
	// Settings returns the present snapshot.
	Settings func() Settings
	// Clusters are the build clusters by alias.
	Clusters map[string]Cluster
	// Pod builds a ProwJob's pod, decorated; the ProwJob has its build ID already. It has no side effects.
	Pod func(*prowv1.ProwJob) (*corev1.Pod, error)
	// URL says where a ProwJob's results will be shown.
	URL func(*prowv1.ProwJob) (string, error)
	// BuildID returns the number of the next run of a job.
	BuildID func(ctx context.Context, job string) (string, error)
	// Version goes into the label prow.k8s.io/plank-version of pods; empty means none.
	Version string
	// Workers is how many ProwJobs are reconciled at once; 0 means 20.
	Workers int
	// Metrics receives plank's metrics; nil means none.
	Metrics prometheus.Registerer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const defaultWorkers = 20

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

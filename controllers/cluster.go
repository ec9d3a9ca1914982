// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	kubeclient "knative.dev/pkg/client/injection/kube/client"
	"knative.dev/pkg/controller"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/scheme"
	"github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/injection/client"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
)

// cluster is the clients and caches that the controllers share.
type cluster struct {
	kube   kubernetes.Interface
	prow   versioned.Interface
	jobs   externalversions.SharedInformerFactory
	pods   informers.SharedInformerFactory
	leases kubernetes.Interface
	events record.EventBroadcaster

	// dynamic is for kinds of others, of which little is needed.
	dynamic dynamic.Interface

	jobNamespace string
}

// protobuf is how Kubernetes' own objects travel with least effort.
const protobuf = "application/vnd.kubernetes.protobuf"

// newCluster makes clients and, not started yet, caches for ProwJobs in one
// namespace and their pods in another.
func newCluster(ctx context.Context, config *rest.Config, jobNamespace, podNamespace string, election *election) (*cluster, error) {
	config = rest.CopyConfig(config)
	// The number of workers limits us, and the API server protects itself.
	config.QPS = -1
	// The API server warns of most jobs' pods, which are not "restricted": no news to anybody.
	config.WarningHandler = rest.NoWarnings{}
	prow, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for ProwJobs: %w", err)
	}
	others, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for PingSources: %w", err)
	}
	config.ContentType = protobuf
	config.AcceptContentTypes = protobuf + ",application/json"
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for pods: %w", err)
	}
	if election != nil {
		config.Timeout = election.renew / 2 // a request that hangs must not cost the lease
	}
	leases, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for leases: %w", err)
	}
	resync := controller.GetResyncPeriod(ctx)
	return &cluster{
		kube:   kube,
		prow:   prow,
		leases: leases,
		events: record.NewBroadcaster(record.WithContext(ctx)),

		dynamic: others,

		jobNamespace: jobNamespace,

		jobs: externalversions.NewSharedInformerFactoryWithOptions(prow, resync,
			externalversions.WithNamespace(jobNamespace),
			externalversions.WithTransform(resources.SlimProwJob)),
		pods: informers.NewSharedInformerFactoryWithOptions(kube, resync,
			informers.WithNamespace(podNamespace),
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = prowv1.CreatedByProwLabel + "=true" }),
			informers.WithTransform(resources.SlimPod)),
	}, nil
}

// inject puts on the context what generated code looks for there. It is done
// by hand because injection's own registry is shared by the whole process: it
// would start an informer for every kind that anything in the process imports.
func (c *cluster) inject(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, kubeclient.Key{}, c.kube)
	ctx = context.WithValue(ctx, prowclient.Key{}, c.prow)
	ctx = context.WithValue(ctx, prowjobinformer.Key{}, c.jobs.Prow().V1().ProwJobs())
	return controller.WithEventRecorder(ctx, c.events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "cutwater-controller"}))
}

// start fills the caches and returns when they are full or ctx has ended; it
// waits as long as the API server is away.
func (c *cluster) start(ctx context.Context, log *zap.SugaredLogger) error {
	c.events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: c.kube.CoreV1().Events("")})
	c.jobs.Start(ctx.Done())
	c.pods.Start(ctx.Done())
	log.Info("filling the caches")
	if !cache.WaitForCacheSync(ctx.Done(), c.jobs.Prow().V1().ProwJobs().Informer().HasSynced, c.podInformer().HasSynced) {
		return ctx.Err()
	}
	log.Info("the caches are full")
	return nil
}

func (c *cluster) podInformer() cache.SharedIndexInformer {
	return c.pods.Core().V1().Pods().Informer()
}

// shutdown waits for what start started, whose ctx has ended.
func (c *cluster) shutdown() {
	c.jobs.Shutdown()
	c.pods.Shutdown()
	c.events.Shutdown()
}

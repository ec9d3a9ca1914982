// SPDX-License-Identifier: Apache-2.0

// Package sinker deletes what is over: ProwJobs of long ago, and pods of runs
// that have ended or are gone.
//
// Starts on: an event, every hour, from a PingSource. Changes: deletes ProwJobs,
// and pods labelled created-by-prow on the build clusters, from which it also
// takes a finalizer that nobody else will. Config: sinker, and the periodics,
// of which the newest run stays. In Prow: the program "sinker".
//
// A cleaning needs nothing of the one before: it looks at what there is, decides,
// and deletes exactly what it looked at. Cut short, it leaves the rest to the next.
package sinker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/kubeconfig"
)

const (
	// tickTimeout ends a cleaning. It is less than the function's timeoutSeconds in deploy/.
	tickTimeout = 4 * time.Minute
	// requestTimeout ends one request, so that one that hangs does not use up the tick.
	requestTimeout = 30 * time.Second
	// protobuf is how Kubernetes' own objects travel with least effort.
	protobuf = "application/vnd.kubernetes.protobuf"
)

// sinker is the function.
type sinker struct {
	prow     versioned.Interface
	clusters []cluster
	config   func() *config.Config
	metrics  *metrics
	now      func() time.Time
	running  sync.Mutex
}

// cluster is a build cluster.
type cluster struct {
	alias string
	kube  kubernetes.Interface
}

// New returns the function's handler: POST / takes the event.
func New(ctx context.Context, env function.Lookup) (http.Handler, error) {
	var e Environment
	if err := function.Decode(ctx, env, &e); err != nil {
		return nil, err
	}
	store, err := config.NewStore(ctx, e.Config.Files(), reload.Options{})
	if err != nil {
		return nil, err
	}
	kubernetes, err := kubeconfig.Load(e.Kubeconfig)
	if err != nil {
		return nil, err
	}
	s := &sinker{config: store.Load, metrics: newMetrics(function.Registerer(ctx)), now: time.Now}
	if err := s.connect(kubernetes); err != nil {
		return nil, err
	}
	return s.handler(), nil
}

// connect makes the clients. The one build cluster is where the ProwJobs are,
// as it is for plank.
func (s *sinker) connect(c *rest.Config) error {
	c = rest.CopyConfig(c)
	c.QPS = -1 // the number of workers limits us, and the API server protects itself
	c.Timeout = requestTimeout
	var err error
	if s.prow, err = versioned.NewForConfig(c); err != nil {
		return fmt.Errorf("making the client of ProwJobs: %w", err)
	}
	c.ContentType, c.AcceptContentTypes = protobuf, protobuf+",application/json"
	kube, err := kubernetes.NewForConfig(c)
	if err != nil {
		return fmt.Errorf("making the client of pods: %w", err)
	}
	s.clusters = []cluster{{alias: prowv1.DefaultClusterAlias, kube: kube}}
	return nil
}

func (s *sinker) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /{$}", event.Handler(s.handle))
	return mux
}

// handle cleans up, whoever asks: what is not due is not deleted. A second
// event while the first is being dealt with has nothing to add.
func (s *sinker) handle(ctx context.Context, _ event.Event) error {
	if !s.running.TryLock() {
		return nil
	}
	defer s.running.Unlock()
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	began := time.Now()
	err := s.clean(ctx, s.config())
	s.metrics.duration.Set(time.Since(began).Seconds())
	return err
}

// clean goes once through everything, with one state of the configuration. A
// build cluster that is away keeps nothing else from being cleaned.
func (s *sinker) clean(ctx context.Context, c *config.Config) error {
	rules, now := rulesFrom(c), s.now()
	runs, err := s.listRuns(ctx, c.ProwJobNamespace)
	if err != nil {
		return err
	}
	doneRuns, donePods := newTally(), newTally()
	var work sync.WaitGroup
	for _, cluster := range s.clusters {
		if rules.excluded[cluster.alias] {
			continue
		}
		work.Go(func() {
			pods, err := listPods(ctx, cluster, c.PodNamespace, runs)
			if err != nil {
				donePods.fail(err, "cleaning build cluster "+cluster.alias)
				return
			}
			donePods.found(len(pods))
			s.findOwners(ctx, c.ProwJobNamespace, pods, now, donePods)
			cleanPods(ctx, cluster, c.PodNamespace, decidePods(now, rules, pods), donePods)
		})
	}
	work.Go(func() {
		doneRuns.found(len(runs))
		s.cleanRuns(ctx, c.ProwJobNamespace, decideRuns(now, rules, slices.Collect(maps.Values(runs))), doneRuns)
	})
	work.Wait()

	s.metrics.set(doneRuns, donePods)
	logging.FromContext(ctx).Infow("cleaned", "prowjobs", doneRuns.existing, "prowjobs_deleted", doneRuns.done,
		"pods", donePods.existing, "pods_deleted", donePods.done)
	return errors.Join(doneRuns.err("ProwJobs"), donePods.err("pods"))
}

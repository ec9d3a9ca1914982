// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	prowinformers "github.com/cutwater-ci/cutwater/internal/client/informers/externalversions/prowjobs/v1"
	prowlisters "github.com/cutwater-ci/cutwater/internal/client/listers/prowjobs/v1"
)

// cluster is the runs in one namespace of the API server: an informer for the
// pages, and requests for what it leaves out.
type cluster struct {
	lister prowlisters.ProwJobNamespaceLister
	synced cache.InformerSynced
	client prowclient.ProwJobInterface
}

// watchRuns starts an informer that ends with ctx. Nobody waits for it before
// somebody asks for a page.
func watchRuns(ctx context.Context, client prowclient.ProwV1Interface, informer prowinformers.ProwJobInformer, namespace string) (*cluster, error) {
	shared := informer.Informer()
	if err := shared.SetTransform(slim); err != nil {
		return nil, err
	}
	go shared.Run(ctx.Done())
	return &cluster{
		lister: informer.Lister().ProwJobs(namespace),
		synced: shared.HasSynced,
		client: client.ProwJobs(namespace),
	}, nil
}

// firstList is how long a page waits for the first list of runs.
const firstList = 30 * time.Second

// slim drops what no page shows and what is most of a ProwJob's size.
func slim(obj any) (any, error) {
	if pj, ok := obj.(*prowv1.ProwJob); ok {
		pj.ManagedFields = nil
		pj.Spec.PodSpec = nil
		pj.Spec.PipelineRunSpec = nil
		pj.Spec.TektonPipelineRunSpec = nil
	}
	return obj, nil
}

// All is every run, as the informer has it.
func (c *cluster) All(ctx context.Context) ([]*prowv1.ProwJob, error) {
	if !c.synced() {
		ctx, cancel := context.WithTimeout(ctx, firstList)
		defer cancel()
		if !cache.WaitForCacheSync(ctx.Done(), c.synced) {
			return nil, &statusError{http.StatusServiceUnavailable, "The API server has not answered yet. Please try again."}
		}
	}
	return c.lister.List(labels.Everything())
}

// Whole is every run with all its fields.
func (c *cluster) Whole(ctx context.Context) ([]prowv1.ProwJob, error) {
	list, err := c.client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// Get is the run of that name with all its fields.
func (c *cluster) Get(ctx context.Context, name string) (*prowv1.ProwJob, error) {
	return c.client.Get(ctx, name, metav1.GetOptions{})
}

// visible is the runs that may be shown, newest first.
func (s *server) visible(ctx context.Context) ([]*prowv1.ProwJob, error) {
	all, err := s.runs.All(ctx)
	if err != nil {
		return nil, err
	}
	hidden := s.config().Deck.HiddenRepos
	shown := make([]*prowv1.ProwJob, 0, len(all))
	for _, pj := range all {
		if s.show.allows(pj, hidden) {
			shown = append(shown, pj)
		}
	}
	slices.SortFunc(shown, func(a, b *prowv1.ProwJob) int {
		return cmp.Or(b.Status.StartTime.Compare(a.Status.StartTime.Time), cmp.Compare(b.Status.BuildID, a.Status.BuildID), cmp.Compare(a.Name, b.Name))
	})
	return shown, nil
}

// find is the visible run of a job and build ID, or nil.
func (s *server) find(ctx context.Context, job, buildID string) (*prowv1.ProwJob, error) {
	all, err := s.runs.All(ctx)
	if err != nil {
		return nil, err
	}
	hidden := s.config().Deck.HiddenRepos
	for _, pj := range all {
		if pj.Spec.Job == job && buildID != "" && pj.Status.BuildID == buildID && s.show.allows(pj, hidden) {
			return pj, nil
		}
	}
	return nil, nil
}

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	"github.com/cutwater-ci/cutwater/local/mesh"
)

const threeJobs = `presubmits:
  cutwater/bench:
  - {name: unit, always_run: true, spec: {containers: [{image: host, command: ["true"]}]}}
  - {name: lint, always_run: true, spec: {containers: [{image: host, command: ["true"]}]}}
  - {name: docs, always_run: true, spec: {containers: [{image: host, command: ["true"]}]}}
`

// BenchmarkComments500 is the time from the first of 500 comments "/test all",
// on 50 pulls, to the last of their 1,500 ProwJobs. Hook and plugins are
// processes; the controller stays away, so that ProwJobs is all that happens.
func BenchmarkComments500(b *testing.B) {
	const pulls, comments, jobs = 50, 500, 1500
	for b.Loop() {
		m := newMachine(b, threeJobs, pulls, withoutController{mesh.Processes{Dir: programs()}})
		created := created(b, m, jobs)
		began := time.Now()
		var group errgroup.Group
		group.SetLimit(16)
		for n := range comments {
			group.Go(func() error { return m.say(b.Context(), 1+n%pulls, "/test all") })
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
		said := time.Since(began)
		for n := range jobs {
			select {
			case <-created:
			case <-time.After(patience):
				b.Fatalf("%d of %d ProwJobs are missing", jobs-n, jobs)
			}
		}
		took := time.Since(began)
		m.settle(b)
		checkJobs(b, m, jobs)
		logLoad(b)
		b.ReportMetric(said.Seconds(), "s-to-comment")
		b.ReportMetric(took.Seconds(), "s-to-prowjobs")
		b.ReportMetric(jobs/took.Seconds(), "prowjobs/s")
	}
}

// withoutController runs the functions alone.
type withoutController struct{ mesh.Processes }

// Run waits.
func (withoutController) Run(ctx context.Context, _ mesh.Workload) error {
	<-ctx.Done()
	return nil
}

// created tells of each new ProwJob.
func created(b *testing.B, m *machine, n int) <-chan string {
	b.Helper()
	names := make(chan string, 2*n)
	factory := externalversions.NewSharedInformerFactoryWithOptions(m.ProwJobs, 0, externalversions.WithNamespace(m.Namespace))
	informer := factory.Prow().V1().ProwJobs().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		names <- object.(*prowv1.ProwJob).Name
	}}); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return names
}

// checkJobs wants three ProwJobs for each comment, and no more.
func checkJobs(b *testing.B, m *machine, want int) {
	b.Helper()
	list, err := m.ProwJobs.ProwV1().ProwJobs(m.Namespace).List(b.Context(), metav1.ListOptions{})
	if err != nil {
		b.Fatal(err)
	}
	causes := map[string]int{}
	for _, job := range list.Items {
		causes[fmt.Sprint(job.Labels[prowv1.EventGUIDLabel], " ", job.Spec.Job)]++
	}
	if len(list.Items) != want || len(causes) != want {
		b.Errorf("got %d ProwJobs of %d causes, want %d: %s", len(list.Items), len(causes), want, strings.TrimSpace(fmt.Sprint(causes)))
	}
}

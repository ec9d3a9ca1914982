// SPDX-License-Identifier: Apache-2.0

package crier_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/controller"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/crier"
	reporter "github.com/cutwater-ci/cutwater/controllers/crier/github"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/injection/client"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// world is an API server with clients, and controllers on it.
type world struct {
	client  versioned.Interface
	stop    func()
	running sync.WaitGroup
}

// start runs a controller for each reporter until the world is stopped.
func start(t *testing.T, config *rest.Config, opts crier.Options, makeReporters func(externalversions.SharedInformerFactory) []crier.Reporter) *world {
	t.Helper()
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	factory := externalversions.NewSharedInformerFactory(client, 0)
	ctx = context.WithValue(ctx, prowclient.Key{}, client)
	ctx = context.WithValue(ctx, prowjobinformer.Key{}, factory.Prow().V1().ProwJobs())
	w := &world{client: client}
	var impls []*controller.Impl
	for _, r := range makeReporters(factory) {
		impl, err := crier.NewController(ctx, r, opts)
		if err != nil {
			t.Fatal(err)
		}
		impls = append(impls, impl)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for _, impl := range impls {
		w.running.Go(func() { _ = impl.Run(ctx) })
	}
	w.stop = sync.OnceFunc(func() { cancel(); w.running.Wait(); factory.Shutdown() })
	t.Cleanup(func() {
		w.stop()
		// The next test knows nothing of these runs.
		if err := client.ProwV1().ProwJobs("default").DeleteCollection(context.WithoutCancel(t.Context()), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) create(t *testing.T, name string, number int, change func(*prowv1.ProwJob)) *prowv1.ProwJob {
	t.Helper()
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PresubmitJob, Agent: prowv1.KubernetesAgent, Job: name, Context: name, Report: true, RerunCommand: "/test " + name,
			Refs:    &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", Pulls: []prowv1.Pull{{Number: number, Author: "ann"}}},
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "golang"}}},
		},
		Status: prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: metav1.Now(), Description: "Job triggered."},
	}
	if change != nil {
		change(pj)
	}
	pj, err := w.client.ProwV1().ProwJobs("default").Create(t.Context(), pj, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pj
}

// move brings a run into another state, as plank would.
func (w *world) move(t *testing.T, name string, state prowv1.ProwJobState) {
	t.Helper()
	patch := `{"status": {"state": "` + string(state) + `", "description": "Job ` + string(state) + `."`
	if state != prowv1.PendingState {
		patch += `, "completionTime": "` + time.Now().UTC().Format(time.RFC3339) + `"`
	}
	w.patch(t, name, patch+"}}")
}

func (w *world) patch(t *testing.T, name, patch string) {
	t.Helper()
	_, err := w.client.ProwV1().ProwJobs("default").Patch(t.Context(), name, "application/merge-patch+json", []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// recorded waits until the reporter's record of the run is this.
func (w *world) recorded(t *testing.T, name, reporter string, state prowv1.ProwJobState) *prowv1.ProwJob {
	t.Helper()
	var last *prowv1.ProwJob
	eventually(t, func() bool {
		pj, err := w.client.ProwV1().ProwJobs("default").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		last = pj
		return pj.Status.PrevReportStates[reporter] == state
	})
	return last
}

// eventually looks often until it is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatal("what was waited for did not happen")
		case <-ticker.C:
		}
	}
}

// diary is a reporter that writes down what it is told.
type diary struct {
	name string
	mu   sync.Mutex
	said []string
	// fail is how many reports shall fail first.
	fail int
	// begun is closed when the first report has begun, which then takes a while; nil is for no such thing.
	begun chan struct{}
}

func (d *diary) Name() string { return d.name }

func (d *diary) ShouldReport(pj *prowv1.ProwJob) bool { return !strings.HasPrefix(pj.Name, "silent") }

func (d *diary) Report(ctx context.Context, pj *prowv1.ProwJob) error {
	if d.begun != nil {
		close(d.begun)
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail > 0 {
		d.fail--
		return errors.New("not today")
	}
	said := pj.Name + " " + string(pj.Status.State)
	if pj.Complete() {
		said += ", complete"
	}
	d.said = append(d.said, said)
	return nil
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.said)
}

func TestController(t *testing.T) {
	config := controlplane.Test(t)
	t.Run("reporters", func(t *testing.T) { testReporters(t, config) })
	t.Run("abort", func(t *testing.T) { testAbort(t, config) })
	t.Run("stop", func(t *testing.T) { testStop(t, config) })
	t.Run("GitHub", func(t *testing.T) { testGitHub(t, config) })
}

// Every state is told to each reporter once, whatever the others do, and again
// after a restart nothing is.
func testReporters(t *testing.T, config *rest.Config) {
	good, bad := &diary{name: "good"}, &diary{name: "bad", fail: 3}
	registry := prometheus.NewRegistry()
	reporters := func(externalversions.SharedInformerFactory) []crier.Reporter { return []crier.Reporter{good, bad} }
	w := start(t, config, crier.Options{Metrics: registry}, reporters)
	w.create(t, "a", 1, nil)
	w.create(t, "silent", 1, nil)
	w.recorded(t, "a", "good", prowv1.TriggeredState)
	w.recorded(t, "a", "bad", prowv1.TriggeredState)
	w.move(t, "a", prowv1.PendingState)
	w.recorded(t, "a", "bad", prowv1.PendingState)
	w.recorded(t, "a", "good", prowv1.PendingState)
	w.stop()

	w = start(t, config, crier.Options{}, reporters)
	w.move(t, "a", prowv1.SuccessState)
	w.recorded(t, "a", "good", prowv1.SuccessState)
	pj := w.recorded(t, "a", "bad", prowv1.SuccessState)
	w.stop()

	want := []string{"a triggered", "a pending", "a success, complete"}
	for _, d := range []*diary{good, bad} {
		if diff := cmp.Diff(want, d.all()); diff != "" {
			t.Errorf("%s was told (-want +got):\n%s", d.name, diff)
		}
	}
	if pj.Spec.PodSpec == nil || pj.Status.State != prowv1.SuccessState || pj.Status.Description != "Job success." {
		t.Errorf("the record changed the rest of the ProwJob: %+v", pj)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]int{}
	for _, family := range families {
		metrics[family.GetName()] = len(family.GetMetric())
	}
	// Two reporters, of which one had both successes and errors.
	if diff := cmp.Diff(map[string]int{"crier_report_latency": 2, "crier_reporting_results": 3}, metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// An abort is told of once, when the run has ended: a reporter would say nothing of
// the end that comes after the record.
func testAbort(t *testing.T, config *rest.Config) {
	d := &diary{name: "abort"}
	w := start(t, config, crier.Options{}, func(externalversions.SharedInformerFactory) []crier.Reporter { return []crier.Reporter{d} })
	w.create(t, "cut", 1, nil)
	w.recorded(t, "cut", "abort", prowv1.TriggeredState)
	w.patch(t, "cut", `{"status": {"state": "aborted"}}`)
	w.create(t, "later", 1, nil) // is seen after that
	w.recorded(t, "later", "abort", prowv1.TriggeredState)
	w.move(t, "cut", prowv1.AbortedState)
	w.recorded(t, "cut", "abort", prowv1.AbortedState)
	w.stop()
	if diff := cmp.Diff([]string{"cut triggered", "later triggered", "cut aborted, complete"}, d.all()); diff != "" {
		t.Errorf("what was told (-want +got):\n%s", diff)
	}
}

// A report that was begun when the process is to stop ends well.
func testStop(t *testing.T, config *rest.Config) {
	d := &diary{name: "stop", begun: make(chan struct{})}
	w := start(t, config, crier.Options{}, func(externalversions.SharedInformerFactory) []crier.Reporter { return []crier.Reporter{d} })
	w.create(t, "slow", 1, nil)
	<-d.begun
	w.stop()
	w.recorded(t, "slow", "stop", prowv1.TriggeredState)
}

// From the end of a job to GitHub, through all that is in between.
func testGitHub(t *testing.T, config *rest.Config) {
	repo := github.Repo{Org: "org", Name: "repo"}
	hub := githubtest.Start(t, githubtest.Options{})
	hub.AddUser("ann")
	hub.AddUser("robot")
	if err := hub.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: map[string]string{"README.md": "hi\n"}}); err != nil {
		t.Fatal(err)
	}
	if err := hub.AddCollaborator(repo, "robot", "push"); err != nil {
		t.Fatal(err)
	}
	pull, err := hub.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "ann", Title: "Add sails", Commit: githubtest.Commit{Message: "Add sails", Files: map[string]string{"sails": "2\n"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	details, err := hub.Pull(t.Context(), pull)
	if err != nil {
		t.Fatal(err)
	}
	gh, err := github.New(t.Context(), github.Options{Endpoint: hub.URL(), Host: hub.URL(), TokenFile: tokenFile(t, hub.Token("robot"))})
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, config, crier.Options{}, func(factory externalversions.SharedInformerFactory) []crier.Reporter {
		jobs := factory.Prow().V1().ProwJobs().Informer()
		if err := jobs.AddIndexers(reporter.Indexers()); err != nil {
			t.Fatal(err)
		}
		return []crier.Reporter{reporter.NewReporter(gh, jobs.GetIndexer(), func() reporter.Settings { return reporter.Settings{} })}
	})
	names := []string{"unit", "lint", "e2e", "fuzz", "race"}
	for _, name := range names {
		w.create(t, name, pull.Number, func(pj *prowv1.ProwJob) {
			pj.Spec.Refs.BaseSHA = details.Base.SHA
			pj.Spec.Refs.Pulls[0].SHA = details.Head.SHA
		})
		w.recorded(t, name, reporter.Name, prowv1.TriggeredState)
	}
	// All fail at once, and all of them are in the one comment.
	begin := time.Now()
	for _, name := range names {
		w.move(t, name, prowv1.FailureState)
	}
	for _, name := range names {
		w.recorded(t, name, reporter.Name, prowv1.FailureState)
	}
	t.Logf("%d failures reported after %v", len(names), time.Since(begin))

	states := map[string]string{}
	for _, status := range hub.CombinedStatus(repo, details.Head.SHA).Statuses {
		states[status.Context] = status.State
	}
	comments := hub.Comments(pull)
	if len(comments) != 1 {
		t.Fatalf("got %d comments, want one: %+v", len(comments), comments)
	}
	for _, name := range names {
		if states[name] != github.StatusFailure {
			t.Errorf("status of %s: got %q", name, states[name])
		}
		if n := strings.Count(comments[0].Body, "\n"+name+" | "); n != 1 {
			t.Errorf("%s is %d times in the comment:\n%s", name, n, comments[0].Body)
		}
	}
}

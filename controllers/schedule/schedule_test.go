// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/controllers/schedule"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	timetable "github.com/cutwater-ci/cutwater/triggers/schedule"
)

// world is the controller on a real API server.
type world struct {
	*testing.T
	clock   atomic.Pointer[time.Time]
	jobs    string // the file
	sources dynamic.ResourceInterface
	prow    versioned.Interface
	kube    kubernetes.Interface
}

const namespace = "default"

func newWorld(t *testing.T, plane *controlplane.ControlPlane) *world {
	t.Helper()
	w := &world{
		T: t, jobs: filepath.Join(t.TempDir(), "jobs.yaml"),
		sources: dynamic.NewForConfigOrDie(plane.Config).Resource(sourcesv1.SchemeGroupVersion.WithResource("pingsources")).Namespace(namespace),
		prow:    versioned.NewForConfigOrDie(plane.Config), kube: kubernetes.NewForConfigOrDie(plane.Config),
	}
	w.set("12:00:10")
	return w
}

func (w *world) set(clock string) {
	w.Helper()
	at, err := time.Parse(time.DateTime, "2026-03-10 "+clock)
	if err != nil {
		w.Fatal(err)
	}
	w.clock.Store(&at)
}

// periodics writes the job file.
func (w *world) periodics(lines ...string) {
	w.Helper()
	var content strings.Builder
	content.WriteString("presubmits: {org/repo: [{name: a, unknown: key}]}\nperiodics:\n")
	for _, line := range lines {
		content.WriteString("- {agent: kubernetes, " + line + "}\n")
	}
	if err := os.WriteFile(w.jobs+".new", []byte(content.String()), 0o600); err != nil {
		w.Fatal(err)
	}
	if err := os.Rename(w.jobs+".new", w.jobs); err != nil {
		w.Fatal(err)
	}
}

// start runs the controller, as the only replica, until the test ends.
func (w *world) start(plane *controlplane.ControlPlane) {
	w.Helper()
	ctx, cancel := context.WithCancel(logging.WithLogger(context.Background(), zaptest.NewLogger(w.T).Sugar()))
	factory := externalversions.NewSharedInformerFactory(w.prow, 0)
	ctx = context.WithValue(ctx, prowjobinformer.Key{}, factory.Prow().V1().ProwJobs())
	config := filepath.Join(w.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte("periodics: [{name: central, cron: 15 7 * * *}]\n"), 0o600); err != nil {
		w.Fatal(err)
	}
	impl, err := schedule.NewController(ctx, schedule.Options{
		ConfigPath: config, JobConfigPath: filepath.Dir(w.jobs), JobNamespace: namespace, Namespace: namespace,
		Kube: w.kube, Dynamic: dynamic.NewForConfigOrDie(plane.Config),
		Now: func() time.Time { return *w.clock.Load() }, Settle: 50 * time.Millisecond,
	})
	if err != nil {
		w.Fatal(err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	ended := make(chan error, 1)
	go func() { ended <- impl.Run(ctx) }()
	w.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
	if err := impl.Reconciler.(reconciler.LeaderAware).Promote(reconciler.UniversalBucket(), impl.MaybeEnqueueBucketKey); err != nil {
		w.Fatal(err)
	}
}

// awaits waits for the PingSources to be "name schedule" of each.
func (w *world) awaits(what string, want ...string) {
	w.Helper()
	var diff string
	if err := wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		list, err := w.sources.List(ctx, metav1.ListOptions{})
		if err != nil {
			diff = err.Error()
			return false, nil
		}
		var got []string
		for i := range list.Items {
			source := &sourcesv1.PingSource{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, source); err != nil {
				return false, err
			}
			if err := source.Validate(ctx); err != nil {
				return false, fmt.Errorf("knative refuses %s: %w", source.Name, err)
			}
			line := source.Name + " " + source.Spec.Schedule
			if sink := source.Spec.Sink; sink.Ref == nil || sink.Ref.Name != "horologium" || sink.Ref.Kind != "Service" || sink.URI != nil {
				line += " to another sink"
			}
			if source.Spec.Timezone != "UTC" {
				line += " in zone " + source.Spec.Timezone
			}
			if source.Labels["cutwater-ci.github.io/timetable"] != "periodics" {
				line += " not labelled"
			}
			got = append(got, line)
		}
		diff = cmp.Diff(want, got)
		return diff == "", nil
	}); err != nil {
		w.Fatalf("%s: %v; PingSources (-want +got):\n%s", what, err, diff)
	}
}

func (w *world) patch(name, patch string) {
	w.Helper()
	if _, err := w.sources.Patch(w.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		w.Fatal(err)
	}
}

// works does what horologium does: it starts what is due and writes the record.
func (w *world) works(periodics ...jobs.Periodic) {
	w.Helper()
	var all []timetable.Job
	for _, p := range periodics {
		j, err := timetable.New(p)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, j)
	}
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: timetable.RecordName}}
	timetable.Decide(all, nil, timetable.Record{}, *w.clock.Load()).Record.PutIn(cm)
	client := w.kube.CoreV1().ConfigMaps(namespace)
	_, err := client.Update(w.Context(), cm, metav1.UpdateOptions{})
	if err != nil {
		_, err = client.Create(w.Context(), cm, metav1.CreateOptions{})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// installCRD installs Knative's own definition of PingSources.
func installCRD(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "knative.dev/eventing").Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "config", "core", "resources", "pingsource.yaml")
	if _, err := envtest.InstallCRDs(plane.Config, envtest.CRDInstallOptions{Paths: []string{path}, ErrorIfPathMissing: true}); err != nil {
		t.Fatal(err)
	}
}

func periodic(name, cron string) jobs.Periodic {
	return jobs.Periodic{JobBase: jobs.JobBase{Name: name}, Cron: cron}
}

func TestSchedule(t *testing.T) {
	plane := controlplane.TestPlane(t)
	w := newWorld(t, plane)
	central, nightly := periodic("central", "15 7 * * *"), periodic("nightly", "CRON_TZ=Asia/Kolkata 0 5 * * *")

	w.periodics("name: nightly, cron: 'CRON_TZ=Asia/Kolkata 0 5 * * *'")
	w.works(central, nightly)
	w.start(plane)
	installCRD(t, plane) // after the controller: it waits for Knative
	w.awaits("two lines", "horologium-07 15 7 * * *", "horologium-23 30 23 * * *")

	w.patch("horologium-07", `{"spec":{"schedule":"0 0 1 1 *","timezone":"Europe/Berlin","sink":{"uri":"/elsewhere"}}}`)
	w.awaits("changed by hand", "horologium-07 15 7 * * *", "horologium-23 30 23 * * *")
	w.patch("horologium-07", `{"metadata":{"labels":null},"spec":{"schedule":"0 0 1 1 *"}}`)
	w.awaits("label taken off", "horologium-07 15 7 * * *", "horologium-23 30 23 * * *")
	if err := w.sources.Delete(t.Context(), "horologium-23", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.awaits("deleted by hand", "horologium-07 15 7 * * *", "horologium-23 30 23 * * *")

	// One that never ran is due in the next minute.
	w.periodics("name: nightly, cron: 'CRON_TZ=Asia/Kolkata 0 5 * * *'", "name: often, interval: 3h")
	w.awaits("a new job", "horologium-07 15 7 * * *", "horologium-12 1 12 * * *", "horologium-23 30 23 * * *")
	w.set("12:01:03")
	pj := w.run("often")
	// While it goes on nothing is to come; the minute that is now stays.
	w.set("12:02:30")
	pj.Status.State = prowv1.SuccessState
	pj.SetComplete(*w.clock.Load())
	if _, err := w.prow.ProwV1().ProwJobs(namespace).Update(t.Context(), pj, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.awaits("the run ended", "horologium-07 15 7 * * *", "horologium-12 1 12 * * *", "horologium-15 1 15 * * *", "horologium-23 30 23 * * *")

	// A ring that was lost is made up for in the next minute, until it is worked off.
	w.set("23:30:40")
	w.patch("horologium-07", `{"metadata":{"annotations":{"a":"b"}}}`)
	w.awaits("a lost ring", "horologium-07 15 7 * * *", "horologium-23 30,31 23 * * *")
	w.set("23:31:05")
	w.works(central, nightly)
	w.run("often")
	w.set("23:40:00")
	w.patch("horologium-07", `{"metadata":{"annotations":{"a":"c"}}}`)
	w.awaits("it is worked off", "horologium-07 15 7 * * *", "horologium-23 30 23 * * *")

	// A file that cannot be read leaves what was known of it. Another one tells that it was tried.
	w.set("23:41:00")
	w.run("more")
	w.periodics("name: nightly, cron: 'every night'")
	more := filepath.Join(filepath.Dir(w.jobs), "more.yaml")
	if err := os.WriteFile(more, []byte("periodics: [{name: more, cron: '@every 8h'}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.awaits("a bad file", "horologium-07 15,41 7 * * *", "horologium-15 41 15 * * *", "horologium-23 30 23 * * *")

	if err := os.Remove(more); err != nil {
		t.Fatal(err)
	}
	w.periodics()
	w.works(central)
	w.awaits("no job any more", "horologium-07 15 7 * * *")
}

// run makes a run that starts now.
func (w *world) run(job string) *prowv1.ProwJob {
	w.Helper()
	now := *w.clock.Load()
	pj, err := w.prow.ProwV1().ProwJobs(namespace).Create(w.Context(), &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{GenerateName: job + "-"},
		Spec:       prowv1.ProwJobSpec{Type: prowv1.PeriodicJob, Job: job},
		Status:     prowv1.ProwJobStatus{StartTime: metav1.NewTime(now), State: prowv1.PendingState},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return pj
}

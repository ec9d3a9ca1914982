// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/crier/bucket"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

const (
	baseSHA  = "0123456789abcdef0123456789abcdef01234567"
	finalSHA = "fedcba9876543210fedcba9876543210fedcba98"
	dir      = "logs/unit/17/"
)

// begun and ended are when the runs of the test do, in seconds since 1970.
const begun, ended = 1700000000, 1700000060

// world is an API server, a bucket, and the reporter between them.
type world struct {
	jobs     prowclient.ProwJobInterface
	url      string
	bucket   *blob.Bucket
	reporter *bucket.Reporter
	// fallback is the default decoration.
	fallback *prowv1.DecorationConfig
}

func newWorld(t *testing.T, client versioned.Interface) *world {
	t.Helper()
	w := &world{jobs: client.ProwV1().ProwJobs("default"), url: "file://" + t.TempDir()}
	var err error
	if w.bucket, err = blob.Open(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.bucket.Close() }) // the test is over
	w.reporter = bucket.NewReporter(client.ProwV1(), blob.Credentials{}, func() bucket.Settings {
		return bucket.Settings{
			Default: func(string, string) *prowv1.DecorationConfig { return w.fallback },
			Buckets: func() []string { return []string{w.url} },
		}
	})
	return w
}

func storedIn(url string) *prowv1.DecorationConfig {
	return &prowv1.DecorationConfig{GCSConfiguration: &prowv1.GCSConfiguration{Bucket: url, PathStrategy: prowv1.PathStrategyExplicit}}
}

// job is a postsubmit's run, as it is in the API server.
func (w *world) job(t *testing.T, state prowv1.ProwJobState, change func(*prowv1.ProwJob)) *prowv1.ProwJob {
	t.Helper()
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "run-", Namespace: "default"},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PostsubmitJob, Agent: prowv1.KubernetesAgent, Job: "unit", DecorationConfig: storedIn(w.url),
			Refs:    &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: baseSHA},
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "golang"}}},
		},
		Status: prowv1.ProwJobStatus{State: state, StartTime: metav1.Unix(begun, 0), BuildID: "17"},
	}
	if state != prowv1.PendingState {
		pj.Status.CompletionTime = new(metav1.Unix(ended, 0))
	}
	if change != nil {
		change(pj)
	}
	created, err := w.jobs.Create(t.Context(), pj, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// objects are what is in the bucket, of prowjob.json only the state.
func (w *world) objects(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for key, text := range blobtest.Contents(t, w.bucket, "") {
		all[strings.TrimPrefix(key, dir)] = text
		if key == dir+"prowjob.json" {
			all["prowjob.json"] = stateIn(t, text)
		}
	}
	return all
}

// stateIn also looks for what the file must have whole.
func stateIn(t *testing.T, prowJob string) string {
	t.Helper()
	var pj prowv1.ProwJob
	if err := json.Unmarshal([]byte(prowJob), &pj); err != nil {
		t.Fatal(err)
	}
	if pj.Kind != "ProwJob" || pj.APIVersion != "prow.k8s.io/v1" || pj.Spec.PodSpec == nil || !strings.Contains(prowJob, "\n\t\"spec\"") {
		t.Errorf("prowjob.json is not a whole one, indented with tabs:\n%s", prowJob)
	}
	return string(pj.Status.State)
}

func started(commit string) string {
	return `{"timestamp":1700000000,"repos":{"org/repo":"main:` + baseSHA + `"},"repo-commit":"` + commit +
		`","repo-version":"` + commit + `","metadata":{"uploader":"crier"}}`
}

func finished(passed, result string) string {
	return `{"timestamp":1700000060,"passed":` + passed + `,"metadata":{"uploader":"crier"},"result":"` + result + `"}`
}

func TestReporter(t *testing.T) {
	client, err := versioned.NewForConfig(controlplane.Test(t))
	if err != nil {
		t.Fatal(err)
	}
	records := `[{"refs":{"org":"org","repo":"repo","base_ref":"main","base_sha":"` + baseSHA + `"},"final_sha":"` + finalSHA + `"}]`
	noRefs := func(pj *prowv1.ProwJob) { pj.Spec.Type, pj.Spec.Refs = prowv1.PeriodicJob, nil }
	undecorated := func(pj *prowv1.ProwJob) { pj.Spec.DecorationConfig = nil }
	for name, test := range map[string]struct {
		before map[string]string
		state  prowv1.ProwJobState
		change func(*prowv1.ProwJob)
		want   map[string]string
	}{
		"a run that begins": {nil, prowv1.PendingState, nil, map[string]string{"prowjob.json": "pending", "started.json": started(baseSHA)}},
		"a run whose pod never was": {nil, prowv1.ErrorState, nil, map[string]string{
			"prowjob.json": "error", "started.json": started(baseSHA), "finished.json": finished("false", "error"),
		}},
		"an undecorated one": {nil, prowv1.SuccessState, undecorated, map[string]string{
			"prowjob.json": "success", "started.json": started(baseSHA), "finished.json": finished("true", "success"),
		}},
		"one without refs": {nil, prowv1.AbortedState, noRefs, map[string]string{
			"prowjob.json": "aborted", "finished.json": finished("false", "aborted"),
		}},
		"the pod utilities' own files stay": {
			map[string]string{"started.json": `{"timestamp":1}`, "finished.json": `{"timestamp":2}`, "build-log.txt": "whole"},
			prowv1.FailureState, nil,
			map[string]string{"prowjob.json": "failure", "started.json": `{"timestamp":1}`, "finished.json": `{"timestamp":2}`, "build-log.txt": "whole"},
		},
		"ours is completed once the commit is known": {
			map[string]string{"started.json": started(baseSHA), "clone-records.json": records},
			prowv1.PendingState, nil,
			map[string]string{"prowjob.json": "pending", "started.json": started(finalSHA), "clone-records.json": records},
		},
		"a file of no known form stays": {
			map[string]string{"started.json": "mine"},
			prowv1.PendingState, nil,
			map[string]string{"prowjob.json": "pending", "started.json": "mine"},
		},
		"the log of a lost node": {
			map[string]string{"started.json": `{}`, "build-log.txt.live/000000000000000": "one\n", "build-log.txt.live/000000000000004": "two\n"},
			prowv1.ErrorState, nil,
			map[string]string{"prowjob.json": "error", "started.json": `{}`, "finished.json": finished("false", "error"), "build-log.txt": "one\ntwo\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, client)
			w.fallback = storedIn(w.url)
			for key, text := range test.before {
				if err := w.bucket.Write(t.Context(), dir+key, []byte(text), nil); err != nil {
					t.Fatal(err)
				}
			}
			pj := w.job(t, test.state, test.change)
			if !w.reporter.ShouldReport(pj) {
				t.Fatal("it is not to be reported")
			}
			for range 2 { // a report bears repeating
				if err := w.reporter.Report(t.Context(), pj); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, w.objects(t)); diff != "" {
					t.Errorf("objects (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// A log that takes too long keeps no run from being finished.
func TestSlowLog(t *testing.T) {
	client, err := versioned.NewForConfig(controlplane.Test(t))
	if err != nil {
		t.Fatal(err)
	}
	good := blobtest.GCS(t)
	url, credentials := blobtest.Between(t, good, blob.Credentials{}, func(r blobtest.Request) blobtest.Fault {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/000000000000000") {
			<-r.Context().Done()
		}
		return blobtest.Fault{}
	})
	w := newWorld(t, client)
	w.url = url
	if w.bucket, err = blob.Open(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if err := w.bucket.Write(t.Context(), dir+"build-log.txt.live/000000000000000", []byte("one\n"), nil); err != nil {
		t.Fatal(err)
	}
	w.reporter = bucket.NewReporter(client.ProwV1(), credentials, func() bucket.Settings {
		return bucket.Settings{Buckets: func() []string { return []string{w.url} }}
	})
	w.reporter.LimitLogs(time.Second)
	if err := w.reporter.Report(t.Context(), w.job(t, prowv1.ErrorState, nil)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the report ended with %v, want that the log took too long", err)
	}
	want := map[string]string{
		"prowjob.json": "error", "started.json": started(baseSHA), "finished.json": finished("false", "error"),
		"build-log.txt.live/000000000000000": "one\n",
	}
	if diff := cmp.Diff(want, w.objects(t)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// Runs without a folder that is ours are nobody's business here.
func TestShouldNotReport(t *testing.T) {
	const ours = "gs://ours"
	r := bucket.NewReporter(nil, blob.Credentials{}, func() bucket.Settings {
		return bucket.Settings{Default: func(string, string) *prowv1.DecorationConfig { return nil }, Buckets: func() []string { return []string{"ours", "s3://theirs"} }}
	})
	now := time.Now()
	inInbox := storedIn(ours)
	inInbox.GCSConfiguration.PathPrefix = "inbox/deliveries"
	for name, test := range map[string]struct {
		decoration *prowv1.DecorationConfig
		buildID    string
		want       bool
	}{
		"ours":                       {storedIn(ours), "1", true},
		"ours, without the scheme":   {storedIn("ours"), "1", true},
		"no build ID":                {storedIn(ours), "", false},
		"no decoration":              {nil, "1", false},
		"no bucket":                  {&prowv1.DecorationConfig{}, "1", false},
		"an unknown bucket":          {storedIn("gs://other"), "1", false},
		"another provider":           {storedIn("s3://ours"), "1", false},
		"an endpoint of its own":     {storedIn("s3://theirs?endpoint=http://evil"), "1", false},
		"a folder of this machine":   {storedIn("file:///etc"), "1", false},
		"hook's inbox":               {inInbox, "1", false},
		"a folder in a known bucket": {storedIn("gs://ours/inbox"), "1", false},
	} {
		pj := &prowv1.ProwJob{Spec: prowv1.ProwJobSpec{Job: "unit", DecorationConfig: test.decoration}}
		pj.Status = prowv1.ProwJobStatus{State: prowv1.PendingState, BuildID: test.buildID, StartTime: metav1.NewTime(now)}
		if got := r.ShouldReport(pj); got != test.want {
			t.Errorf("%s: to be reported is %t, want %t", name, got, test.want)
		}
	}
}

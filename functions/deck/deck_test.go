// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/fake"
	informers "github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// now is the time at all decks of the tests.
var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// podLog is the logs of pods, by name.
type podLog map[string]string

func (p podLog) Open(_ context.Context, _, pod, container string, _ int64) (io.ReadCloser, error) {
	if text, ok := p[pod+"/"+container]; ok {
		return io.NopCloser(strings.NewReader(text)), nil
	}
	return nil, errors.New("no such pod")
}

// site is a deck with its surroundings.
type site struct {
	*server
	url    string
	dir    string
	client *fake.Clientset
	bucket *blob.Bucket
}

// newSite starts a deck over a folder as bucket, with these ProwJobs.
func newSite(t *testing.T, jobs ...*prowv1.ProwJob) *site {
	t.Helper()
	dir := t.TempDir()
	bucket, err := blob.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	var objects []runtime.Object
	for _, pj := range jobs {
		objects = append(objects, pj)
	}
	client := fake.NewSimpleClientset(objects...)
	runs, err := watchRuns(t.Context(), client.ProwV1(), informers.NewSharedInformerFactory(client, 0).Prow().V1().ProwJobs(), "jobs")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := parsePages()
	if err != nil {
		t.Fatal(err)
	}
	settings := &config.Config{PodNamespace: "pods"}
	settings.Deck.HiddenRepos = []string{"secret-org"}
	s := &site{dir: dir, client: client, bucket: bucket, server: &server{
		runs: runs, logs: podLog{"live-pod/test": "still \x1b[31mrunning\x1b[0m\n"}, inbox: inbox.New(bucket),
		storage: &storage{inbox: "file://" + dir, extra: []string{"file://" + dir}},
		config:  func() *config.Config { return settings }, now: func() time.Time { return now }, pages: pages,
	}}
	web := httptest.NewServer(s.handler())
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

// write puts files below the folder of a run.
func (s *site) write(t *testing.T, run string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if err := s.bucket.Write(t.Context(), run+"/"+name, []byte(content), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// get asks for a path and returns the answer with its body.
func (s *site) get(t *testing.T, path string, header ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// run is a presubmit of org/repo#7 that started some minutes before now.
func run(job, build string, state prowv1.ProwJobState, minutes int, change ...func(*prowv1.ProwJob)) *prowv1.ProwJob {
	start := metav1.NewTime(now.Add(-time.Duration(minutes) * time.Minute))
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: job + "-" + build, Labels: map[string]string{prowv1.EventGUIDLabel: "guid-1"}},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PresubmitJob, Agent: prowv1.KubernetesAgent, Job: job, Context: job, RerunCommand: "/test " + job, Report: true,
			Refs: &prowv1.Refs{
				Org: "org", Repo: "repo", RepoLink: "https://github.com/org/repo", BaseRef: "main", BaseSHA: strings.Repeat("b", 40),
				BaseLink: "https://github.com/org/repo/commit/bbbb",
				Pulls: []prowv1.Pull{{
					Number: 7, Author: "ann", SHA: strings.Repeat("7", 40), Title: "Add <b>sails</b>",
					Link: "https://github.com/org/repo/pull/7", AuthorLink: "https://github.com/ann", CommitLink: "javascript:alert(1)",
				}},
			},
		},
		Status: prowv1.ProwJobStatus{State: state, StartTime: start, BuildID: build, Description: "Job " + string(state) + "."},
	}
	switch state {
	case prowv1.SuccessState, prowv1.FailureState, prowv1.ErrorState, prowv1.AbortedState:
		end := metav1.NewTime(start.Add(95 * time.Second))
		pj.Status.CompletionTime = &end
	case prowv1.SchedulingState, prowv1.TriggeredState, prowv1.PendingState:
	}
	for _, f := range change {
		f(pj)
	}
	return pj
}

// at gives a run a page at this site.
func (s *site) at(job, build string) string { return "pr-logs/pull/org_repo/7/" + job + "/" + build }

func viewedAt(url string) func(*prowv1.ProwJob) {
	return func(pj *prowv1.ProwJob) { pj.Status.URL = url }
}

func TestIndex(t *testing.T) {
	s := newSite(
		t, run("unit", "1", prowv1.SuccessState, 30), run("unit", "2", prowv1.FailureState, 20), run("lint", "3", prowv1.PendingState, 2),
		run("hidden-job", "4", prowv1.SuccessState, 1, func(pj *prowv1.ProwJob) { pj.Spec.Hidden = true }),
		run("hidden-repo", "5", prowv1.SuccessState, 1, func(pj *prowv1.ProwJob) { pj.Spec.Refs.Org = "secret-org" }),
		run("tenants", "6", prowv1.SuccessState, 1, func(pj *prowv1.ProwJob) { pj.Spec.ProwJobDefault = &prowv1.ProwJobDefault{TenantID: "x"} }),
		run("nightly", "8", prowv1.AbortedState, 60, func(pj *prowv1.ProwJob) { pj.Spec.Type, pj.Spec.Refs = prowv1.PeriodicJob, nil }),
	)
	for _, tc := range []struct {
		query        string
		shows, hides []string
	}{
		{"", []string{"unit", "lint", "nightly", "1 success", "Add &lt;b&gt;sails&lt;/b&gt;", "1 min 35 s", "20 min ago"}, []string{"hidden-job", "hidden-repo", "tenants", "<b>sails", "javascript:"}},
		{"?state=failure", []string{"/view/prowjob/unit/2"}, []string{"/view/prowjob/unit/1", "/view/prowjob/lint"}},
		{"?job=LIN&repo=org%2Frepo&author=ann&pull=7&type=presubmit", []string{"/view/prowjob/lint/3"}, []string{"/view/prowjob/unit"}},
		{"?repo=%22%3E%3Cscript%3E", []string{"No runs match"}, []string{"<script>"}},
		{"?page=-3", []string{"unit"}, nil},
		{"?page=99999999999999999999", []string{"unit"}, nil},
	} {
		response, body := s.get(t, "/"+tc.query)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%q: status %d", tc.query, response.StatusCode)
		}
		for _, text := range tc.shows {
			if !strings.Contains(body, text) {
				t.Errorf("%q: does not show %q", tc.query, text)
			}
		}
		for _, text := range tc.hides {
			if strings.Contains(body, text) {
				t.Errorf("%q: shows %q", tc.query, text)
			}
		}
	}
	if response, _ := s.get(t, "/"); !strings.Contains(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy: got %q", response.Header.Get("Content-Security-Policy"))
	}
}

func TestDataJS(t *testing.T) {
	s := newSite(t, run("unit", "1", prowv1.SuccessState, 30), run("unit", "2", prowv1.PendingState, 20))
	response, body := s.get(t, "/data.js?var=allBuilds")
	text, ok := strings.CutPrefix(body, "var allBuilds = ")
	if !ok || response.Header.Get("Content-Type") != "application/javascript" {
		t.Fatalf("got %q of type %s", body, response.Header.Get("Content-Type"))
	}
	var got []map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSuffix(text, ";")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0]["build_id"] != "2" {
		t.Fatalf("got %v, want the newer first", got)
	}
	delete(got[1], "refs")
	want := map[string]any{
		"type": "presubmit", "refs_key": "main:" + strings.Repeat("b", 40) + ",7:" + strings.Repeat("7", 40), "job": "unit", "build_id": "1",
		"context": "unit", "started": "1772623800", "finished": "2026-03-04T11:31:35Z", "duration": "1m35s", "state": "success",
		"description": "Job success.", "url": "", "pod_name": "", "agent": "kubernetes", "prow_job": "unit-1",
	}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("datum (-want +got):\n%s", diff)
	}
	if response, _ := s.get(t, "/data.js?var=x=alert(1)//"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a script as the variable: got status %d", response.StatusCode)
	}
}

func TestProwJobs(t *testing.T) {
	withPod := func(pj *prowv1.ProwJob) {
		if err := yaml.Unmarshal([]byte("containers: [{image: golang}, {image: db}]"), &pj.Spec.PodSpec); err != nil {
			t.Fatal(err)
		}
	}
	s := newSite(
		t, run("unit", "1", prowv1.SuccessState, 3, withPod), run("hidden", "2", prowv1.SuccessState, 3, func(pj *prowv1.ProwJob) { pj.Spec.Hidden = true }),
		run("periodic", "3", prowv1.SuccessState, 3, func(pj *prowv1.ProwJob) {
			pj.Spec.ExtraRefs, pj.Spec.Refs = []prowv1.Refs{{Org: "other", Repo: "repo"}}, nil
		}),
	)
	for query, want := range map[string][]string{
		"": {"periodic 0", "unit 2"}, "?omit=pod_spec,labels": {"periodic 1", "unit 1"}, "?org=org": {"unit 2"}, "?org=other&repo=repo": {"periodic 0"},
		"?owner=ann": {"unit 2"}, "?owner=bob": nil, "?repo=nothing": nil,
	} {
		_, body := s.get(t, "/prowjobs.js"+query)
		var list prowv1.ProwJobList
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		var got []string
		for _, pj := range list.Items {
			n := 0
			if pj.Spec.PodSpec != nil {
				n = len(pj.Spec.PodSpec.Containers)
			}
			got = append(got, pj.Spec.Job+" "+string(rune('0'+n)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	response, body := s.get(t, "/prowjob?prowjob=unit-1")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "image: golang") || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("YAML: got status %d, %s, %q", response.StatusCode, response.Header.Get("Content-Type"), body)
	}
	for path, want := range map[string]int{"/prowjob": 400, "/prowjob?prowjob=none": 404, "/prowjob?prowjob=hidden-2": 404} {
		if response, _ := s.get(t, path); response.StatusCode != want {
			t.Errorf("%s: got status %d, want %d", path, response.StatusCode, want)
		}
	}
}

func TestCompression(t *testing.T) {
	s := newSite(t, run("unit", "1", prowv1.SuccessState, 3))
	response, body := s.get(t, "/data.js", "Accept-Encoding", "gzip")
	unpacked, err := gzip.NewReader(bytes.NewBufferString(body))
	if err != nil {
		t.Fatalf("%v (Content-Encoding %q)", err, response.Header.Get("Content-Encoding"))
	}
	if text, err := io.ReadAll(unpacked); err != nil || !bytes.HasPrefix(text, []byte("[{")) {
		t.Errorf("got %q, error %v", text, err)
	}
}

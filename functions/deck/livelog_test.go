// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

// keep stores a log as sidecar does while its run goes on.
func (s *site) keep(t *testing.T, run, name, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets := censor.New(nil, censor.Options{})
	w := livelog.NewWriter(s.bucket, run, name, livelog.Source{
		Open:    func() (livelog.File, error) { return os.Open(path) },
		Secrets: func() *censor.Secrets { return secrets },
	})
	if err := w.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	// All decks of the tests have the same time.
	err := filepath.WalkDir(filepath.Join(s.dir, run, name+".live"), func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, now, now.Add(-2*time.Minute)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// viewed is a run whose page is that of its folder at a site.
func viewed(build string, state prowv1.ProwJobState, change ...func(*prowv1.ProwJob)) *prowv1.ProwJob {
	page := viewedAt("https://prow.example.com/view/file/" + (*site)(nil).at("unit", build))
	return run("unit", build, state, 2, append(change, page)...)
}

// Where the pod cannot be asked, the page shows what is in the bucket.
func TestLiveLog(t *testing.T) {
	hidden := func(pj *prowv1.ProwJob) { pj.Spec.Hidden = true }
	several := func(pj *prowv1.ProwJob) {
		pj.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{Name: "client"}, {Name: "server"}}}
	}
	living := func(pj *prowv1.ProwJob) { pj.Status.PodName = "live-pod" }
	elsewhere := func(pj *prowv1.ProwJob) { pj.Spec.Cluster = "far-away" }
	const running, lost = "The pod&#39;s log is not available. This is what it was until 4 Mar 2026, 11:58:00 UTC (2 min ago).", "The whole log was not stored. This is what it was until"
	for name, tc := range map[string]struct {
		state        prowv1.ProwJobState
		change       []func(*prowv1.ProwJob)
		live, files  map[string]string
		status       int
		shows, hides []string
		log          string // raw, of the first container
	}{
		"a pod that cannot be asked": {
			state: prowv1.PendingState, live: map[string]string{"build-log.txt": "one\n" + hostile + "\n"}, status: http.StatusOK,
			shows: []string{"one", "&lt;script&gt;", running, "/log?id=9&amp;job=unit"}, hides: []string{"<script>alert", ".live", "There is no log"},
			log: "one\n" + hostile + "\n",
		},
		"a pod in another cluster": {
			state: prowv1.PendingState, change: []func(*prowv1.ProwJob){living, elsewhere}, live: map[string]string{"build-log.txt": "far\n"}, status: http.StatusOK,
			shows: []string{"far", running}, log: "far\n",
		},
		"a pod that answers": {
			state: prowv1.PendingState, change: []func(*prowv1.ProwJob){living}, live: map[string]string{"build-log.txt": "older\n"}, status: http.StatusOK,
			shows: []string{"still running"}, hides: []string{"older", "not available"}, log: "still \x1b[31mrunning\x1b[0m\n",
		},
		"a node that is lost": {
			state: prowv1.ErrorState, live: map[string]string{"build-log.txt": "last words\n"}, status: http.StatusOK,
			shows: []string{"last words", lost}, hides: []string{"Raw log"}, log: "last words\n",
		},
		"a log that is stored": {
			state: prowv1.SuccessState, live: map[string]string{"build-log.txt": "part\n"}, files: map[string]string{"build-log.txt": "whole\n"}, status: http.StatusOK,
			shows: []string{"whole"}, hides: []string{"part", "not stored"}, log: "whole\n",
		},
		"one of two containers": {
			state: prowv1.PendingState, change: []func(*prowv1.ProwJob){several}, live: map[string]string{"server-build-log.txt": "serving\n"}, status: http.StatusOK,
			shows: []string{"client-build-log.txt", "There is no log yet.", "server-build-log.txt", "serving", "/log?container=server&amp;id=9&amp;job=unit"}, log: "The run&#39;s log",
		},
		"two containers of a lost pod": {
			state: prowv1.ErrorState, live: map[string]string{"client-build-log.txt": "asking\n", "server-build-log.txt": "serving\n"}, status: http.StatusOK,
			shows: []string{"client-build-log.txt", "asking", "server-build-log.txt", "serving"}, hides: []string{"There is no log", `"log-build-log.txt"`},
		},
		"a hidden run": {
			state: prowv1.PendingState, change: []func(*prowv1.ProwJob){hidden}, live: map[string]string{"build-log.txt": "secret\n"}, status: http.StatusNotFound,
			hides: []string{"secret"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, viewed("9", tc.state, tc.change...))
			folder := s.at("unit", "9")
			for log, text := range tc.live {
				s.keep(t, folder, log, text)
			}
			s.write(t, folder, tc.files)
			response, body := s.get(t, "/view/file"+s.dir+"/"+folder)
			if response.StatusCode != tc.status {
				t.Errorf("got status %d, want %d", response.StatusCode, tc.status)
			}
			for _, text := range tc.shows {
				if !strings.Contains(body, text) {
					t.Errorf("does not show %q in:\n%s", text, body)
				}
			}
			for _, text := range tc.hides {
				if strings.Contains(body, text) {
					t.Errorf("shows %q in:\n%s", text, body)
				}
			}
			response, log := s.get(t, "/log?job=unit&id=9")
			if found := response.StatusCode == http.StatusOK; found && log != tc.log || !found && strings.HasSuffix(tc.log, "\n") {
				t.Errorf("raw log: got status %d, %q, want %q", response.StatusCode, log, tc.log)
			}
			for name := range tc.live {
				response, _ := s.get(t, "/file/file"+s.dir+"/"+folder+"/"+name+".live/000000000000000")
				if response.StatusCode != tc.status {
					t.Errorf("a chunk: got status %d, want %d", response.StatusCode, tc.status)
				}
			}
		})
	}
}

// Of a long live log the page shows the end, and all when it is asked.
func TestLongLiveLog(t *testing.T) {
	s := newSite(t)
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, "line %05d of a long log\n", i)
	}
	s.keep(t, s.at("unit", "1"), "build-log.txt", text.String())
	page := "/view/file" + s.dir + "/" + s.at("unit", "1")
	_, body := s.get(t, page)
	if strings.Contains(body, "line 00000") || !strings.Contains(body, "line 39999 of a long log\n") || !strings.Contains(body, "are left out") {
		t.Errorf("the page does not show the end of the log, or shows its beginning:\n%.3000s", body)
	}
	if _, body = s.get(t, page+"?log=whole"); !strings.Contains(body, "line 00000") || !strings.Contains(body, "line 39999") {
		t.Error("asked for the whole log, the page does not show it")
	}
}

// The log of a run with very many artifacts is found, though it is not among the
// first files.
func TestLogBesideManyFiles(t *testing.T) {
	s := newSite(t)
	files := map[string]string{"build-log.txt": "here I am\n", "clone-log.txt": "# Cloning\n"}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("artifacts/%d.txt", i)] = ""
	}
	s.write(t, s.at("unit", "1"), files)
	_, body := s.get(t, "/view/file"+s.dir+"/"+s.at("unit", "1"))
	for _, text := range []string{"here I am", "# Cloning", "There are more"} {
		if !strings.Contains(body, text) {
			t.Errorf("does not show %q", text)
		}
	}
}

// deadlines is pods whose node does not answer.
type deadlines struct{ found chan time.Duration }

func (d deadlines) Open(ctx context.Context, _, _, _ string, _ int64) (io.ReadCloser, error) {
	deadline, _ := ctx.Deadline()
	d.found <- time.Until(deadline)
	return nil, errors.New("no answer")
}

// A page does not wait for ever for a node that is lost.
func TestLostNode(t *testing.T) {
	s := newSite(t, viewed("9", prowv1.PendingState, func(pj *prowv1.ProwJob) { pj.Status.PodName = "lost" }))
	asked := deadlines{make(chan time.Duration, 1)}
	s.logs = asked
	s.get(t, "/view/file"+s.dir+"/"+s.at("unit", "9"))
	if got := <-asked.found; got <= 0 || got > podAnswers {
		t.Errorf("the page waits for %v", got)
	}
}

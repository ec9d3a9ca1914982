// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"net/http"
	"strings"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// browserSite is a deck with something of everything to look at.
func browserSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	// The folder is known only now, and with it the URLs of the runs.
	page := func(job, build string) func(*prowv1.ProwJob) {
		return viewedAt("https://prow.example.com/view/file" + s.dir + "/" + s.at(job, build))
	}
	sails := func(pj *prowv1.ProwJob) {
		pj.Spec.Refs.Pulls[0].Title = "Add sails to the main mast"
		pj.Spec.Refs.Pulls[0].CommitLink = "https://github.com/org/repo/pull/7/commits/7777"
	}
	for _, pj := range []*prowv1.ProwJob{
		run("unit", "1005", prowv1.FailureState, 1, page("unit", "1005"), sails),
		run("e2e", "1004", prowv1.PendingState, 2, sails, func(pj *prowv1.ProwJob) { pj.Status.PodName = "live-pod" }),
		run("lint", "1003", prowv1.PendingState, 3, page("lint", "1003"), sails),
		run("unit", "1002", prowv1.SuccessState, 44, page("unit", "1002")),
		run("build-image-multi-architecture-with-a-very-long-name", "1001", prowv1.ErrorState, 130, func(pj *prowv1.ProwJob) {
			pj.Spec.Type = prowv1.PostsubmitJob
			pj.Spec.Refs.Pulls = nil
			pj.Status.Description = "Pod can not be created: quota exceeded."
		}),
		run("nightly", "1000", prowv1.AbortedState, 60*50, func(pj *prowv1.ProwJob) { pj.Spec.Type, pj.Spec.Refs = prowv1.PeriodicJob, nil }),
		run("queued", "", prowv1.TriggeredState, 4),
	} {
		if _, err := s.client.ProwV1().ProwJobs("jobs").Create(t.Context(), pj, metav1CreateOptions); err != nil {
			t.Fatal(err)
		}
	}
	s.waitFor(t, func() bool { all, _ := s.runs.All(t.Context()); return len(all) == 7 })
	s.write(t, s.at("unit", "1005"), map[string]string{
		"started.json":  `{"timestamp": 1772625540, "node": "node-7"}`,
		"finished.json": `{"timestamp": 1772625635, "passed": false, "result": "FAILURE"}`,
		"prowjob.json":  "{}",
		"build-log.txt": "go test ./...\nok  \texample.com/hull\t0.4s\n--- FAIL: TestSails (0.00s)\n    sails_test.go:12: got 2 sails, want 3\nFAIL\nFAIL\texample.com/mast\t0.2s\n" +
			strings.Repeat("ok  \texample.com/a/package/with/quite/a/long/name/so/that/lines/have/to/be/broken/somewhere/or/scrolled\t0.1s\n", 12) + "make: *** [Makefile:7: test] Error 1\n",
		"clone-log.txt":               "# Cloning org/repo at main(bbbb)\n$ git init\n",
		"artifacts/junit_unit.xml":    "<testsuites/>",
		"artifacts/coverage.html":     "<p>80 %</p>",
		"artifacts/logs/database.log": strings.Repeat("x", 4321),
	})
	s.keep(t, s.at("lint", "1003"), "build-log.txt", "golangci-lint run ./...\nlevel=warning msg=\"this takes a while\"\n")
	if err := s.inbox.Put(t.Context(), inbox.Delivery{GUID: "guid-1", Event: "issue_comment", Header: http.Header{}, ReceivedAt: now.Add(-4 * time.Minute), Body: []byte(
		`{"action": "created", "issue": {"number": 7, "html_url": "https://github.com/org/repo/pull/7"}, "repository": {"full_name": "org/repo"}, "sender": {"login": "ann"}, "comment": {"body": "/test all"}}`,
	)}); err != nil {
		t.Fatal(err)
	}
	if err := s.inbox.Record(t.Context(), "guid-1", "plugins", inbox.Entry{Plugins: map[string]inbox.Outcome{
		"trigger": {State: inbox.StateDone, Attempts: 1, At: now.Add(-4 * time.Minute)},
		"hold":    {State: inbox.StateNothing, Attempts: 1, At: now.Add(-4 * time.Minute)},
		"label":   {State: inbox.StateError, Error: "GET /repos/org/repo/labels: 502 Bad Gateway", Attempts: 3, At: now.Add(-time.Minute)},
	}}); err != nil {
		t.Fatal(err)
	}
	return s
}

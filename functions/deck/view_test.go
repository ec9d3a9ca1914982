// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>`

func TestViewOfAFinishedRun(t *testing.T) {
	s := newSite(t)
	folder := s.at("unit", "123")
	s.write(t, folder, map[string]string{
		"started.json":              `{"timestamp": 1772624000, "node": "node-7", "repos": {"org/repo": "main"}}`,
		"finished.json":             `{"timestamp": 1772624100, "passed": false, "result": "FAILURE"}`,
		"build-log.txt":             "compiling\n\x1b[31m--- FAIL: TestSails\x1b[0m\n10%\r50%\r100%\n" + hostile + "\n",
		"clone-log.txt":             "# Cloning org/repo at main\n",
		"artifacts/junit/junit.xml": "<testsuites/>",
		"artifacts/report.html":     hostile,
	})
	response, body := s.get(t, "/view/file"+s.dir+"/"+folder)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", response.StatusCode, body)
	}
	for _, text := range []string{
		"unit <span", "123", `class="state failure"`, "1 min 40 s", "node-7", `class="line bad"`, "--- FAIL: TestSails", "100%", "artifacts/report.html", "# Cloning org/repo",
		"&lt;script&gt;alert(1)", "/file/file" + s.dir + "/" + folder + "/artifacts/junit/junit.xml",
	} {
		if !strings.Contains(body, text) {
			t.Errorf("does not show %q", text)
		}
	}
	for _, text := range []string{"<script>alert", "<img src=x", "\x1b", "50%", "data-refresh"} {
		if strings.Contains(body, text) {
			t.Errorf("shows %q", text)
		}
	}
}

func TestViewOfARunningRun(t *testing.T) {
	s := newSite(t, run("unit", "5", prowv1.PendingState, 2, func(pj *prowv1.ProwJob) { pj.Status.PodName = "live-pod" }))
	_, body := s.get(t, "/view/prowjob/unit/5")
	for _, text := range []string{`class="state pending"`, "still running", "Running for", "2 min 00 s", `data-refresh="3"`, "/log?id=5&amp;job=unit", "Add &lt;b&gt;sails", "/deliveries/guid-1"} {
		if !strings.Contains(body, text) {
			t.Errorf("does not show %q in:\n%s", text, body)
		}
	}
	response, log := s.get(t, "/log?job=unit&id=5")
	if log != "still \x1b[31mrunning\x1b[0m\n" || response.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("log: got %q with %v", log, response.Header)
	}
	for path, want := range map[string]int{
		"/log": 400, "/log?job=unit": 400, "/log?job=unit&id=9": 404, "/log?job=unit&id=5&container=sidecar": 404,
		"/view/prowjob/unit/9": 404, "/view/prowjob/unit": 404,
	} {
		if response, _ := s.get(t, path); response.StatusCode != want {
			t.Errorf("%s: got status %d, want %d", path, response.StatusCode, want)
		}
	}
}

// While a run goes on, each container of its pod has a log.
func TestViewOfSeveralContainers(t *testing.T) {
	s := newSite(t, run("unit", "5", prowv1.PendingState, 2, func(pj *prowv1.ProwJob) {
		pj.Status.PodName = "live-pod"
		pj.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{Name: "client"}, {Name: "server"}}}
	}))
	s.logs = podLog{"live-pod/client": "asking\n", "live-pod/server": "answering\n"}
	_, body := s.get(t, "/view/prowjob/unit/5")
	for _, text := range []string{"client-build-log.txt", "asking", "server-build-log.txt", "answering", "/log?container=server&amp;id=5&amp;job=unit"} {
		if !strings.Contains(body, text) {
			t.Errorf("does not show %q in:\n%s", text, body)
		}
	}
}

// A run's page is found by its URL, by its names and by the alias in the bucket.
func TestViewLinks(t *testing.T) {
	s := newSite(t)
	folder := s.at("unit", "123")
	page := "/view/file" + s.dir + "/" + folder
	s.write(t, folder, map[string]string{"started.json": `{"timestamp": 1772624000}`, "build-log.txt": "in the bucket\n"})
	s.write(t, "pr-logs/directory/unit", map[string]string{"123.txt": "file://" + s.dir + "/" + folder})
	pj := run("unit", "123", prowv1.SuccessState, 5, viewedAt("https://elsewhere.example.com"+page))
	if _, err := s.client.ProwV1().ProwJobs("jobs").Create(t.Context(), pj, metav1CreateOptions); err != nil {
		t.Fatal(err)
	}
	s.waitFor(t, func() bool { found, _ := s.find(t.Context(), "unit", "123"); return found != nil })
	for _, path := range []string{"/view/prowjob/unit/123", "/view/file" + s.dir + "/pr-logs/directory/unit/123"} {
		if response, _ := s.get(t, path); response.StatusCode != http.StatusFound || response.Header.Get("Location") != page {
			t.Errorf("%s: got status %d to %q, want %q", path, response.StatusCode, response.Header.Get("Location"), page)
		}
	}
	if _, body := s.get(t, "/"); !strings.Contains(body, `href="`+page+`"`) {
		t.Errorf("the list does not lead to %s", page)
	}
	if _, body := s.get(t, "/log?job=unit&id=123"); body != "in the bucket\n" {
		t.Errorf("log of a pod that is gone: got %q", body)
	}
}

func TestLongLog(t *testing.T) {
	s := newSite(t)
	folder := s.at("unit", "1")
	var log strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&log, "line %05d of a long log\n", i)
	}
	s.write(t, folder, map[string]string{"build-log.txt": log.String()})
	_, body := s.get(t, "/view/file"+s.dir+"/"+folder)
	if strings.Contains(body, "line 00000") || !strings.Contains(body, "line 19999") || !strings.Contains(body, "are left out") {
		t.Error("the page does not show the end of the log, or shows its beginning")
	}
	_, body = s.get(t, "/view/file"+s.dir+"/"+folder+"?log=whole")
	if !strings.Contains(body, "line 00000") || !strings.Contains(body, "line 19999") {
		t.Error("asked for the whole log, the page does not show it")
	}
}

func TestFiles(t *testing.T) {
	s := newSite(t, run("hidden", "9", prowv1.SuccessState, 5, func(pj *prowv1.ProwJob) { pj.Spec.Hidden = true }))
	folder := s.at("unit", "1")
	s.write(t, folder, map[string]string{
		"page.html": hostile, "pic.svg": "<svg/>", "pic.png": "\x89PNG\r\n\x1a\n", "data.bin": "\x00\x01", "build-log.txt": "0123456789", "no-ending": hostile, "x.xhtml": hostile, "code.js": "1",
	})
	for name, want := range map[string]string{
		"page.html": "text/plain; charset=utf-8", "pic.svg": "text/plain; charset=utf-8", "pic.png": "image/png", "no-ending": "text/plain; charset=utf-8",
		"data.bin": "application/octet-stream", "x.xhtml": "text/plain; charset=utf-8", "code.js": "text/plain; charset=utf-8",
	} {
		response, _ := s.get(t, "/file/file"+s.dir+"/"+folder+"/"+name)
		if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != want {
			t.Errorf("%s: got status %d, type %q; want %q", name, response.StatusCode, got, want)
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got policy %q", name, policy)
		}
	}
	if response, body := s.get(t, "/file/file"+s.dir+"/"+folder+"/build-log.txt", "Range", "bytes=2-4"); response.StatusCode != http.StatusPartialContent || body != "234" {
		t.Errorf("a range: got status %d, %q", response.StatusCode, body)
	}
	s.write(t, s.at("hidden", "9"), map[string]string{"build-log.txt": "secret\n"})
	for _, path := range []string{
		"/file/file" + s.dir + "/" + folder + "/absent", "/file/file/etc/passwd", "/file/file" + s.dir + "/../../etc/passwd", "/file/file" + s.dir + "/..%2f..%2fetc/passwd",
		"/view/file/etc", "/file/ftp/x/y", "/view/", "/view/gs", "/view/gs/bucket", "/file/file" + s.dir + "/inbox/deliveries/guid-1/request", "/view/file" + s.dir + "/inbox",
		"/file/file" + s.dir + "/x/../inbox/deliveries/guid-1/request", "/file/file" + s.dir + "/" + s.at("hidden", "9") + "/build-log.txt", "/view/file" + s.dir + "/" + s.at("hidden", "9"),
		"/static/..%2fnew.go", "/static/x",
	} {
		response, body := s.get(t, path)
		if response.StatusCode == http.StatusTemporaryRedirect || response.StatusCode == http.StatusMovedPermanently {
			response, body = s.get(t, response.Header.Get("Location"))
		}
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got status %d, %q", path, response.StatusCode, body)
		}
	}
}

func TestGzippedFile(t *testing.T) {
	s := newSite(t)
	folder := s.at("unit", "1")
	packed := gzipped(t, "packed log\n")
	if err := s.bucket.Write(t.Context(), folder+"/build-log.txt", []byte(packed), &blob.WriteOptions{ContentType: "text/plain", ContentEncoding: "gzip"}); err != nil {
		t.Fatal(err)
	}
	path := "/file/file" + s.dir + "/" + folder + "/build-log.txt"
	if _, body := s.get(t, path, "Accept-Encoding", "identity"); body != "packed log\n" {
		t.Errorf("for a client that cannot unpack: got %q", body)
	}
	if response, body := s.get(t, path, "Accept-Encoding", "gzip"); body != packed || response.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("for a client that can: got %q", body)
	}
	if _, body := s.get(t, "/view/file"+s.dir+"/"+folder); !strings.Contains(body, "packed log") {
		t.Error("the page does not show the log")
	}
}

func TestDelivery(t *testing.T) {
	s := newSite(t, run("unit", "1", prowv1.SuccessState, 30))
	put := func(guid, body string) {
		t.Helper()
		if err := s.inbox.Put(t.Context(), inbox.Delivery{GUID: guid, Event: "issue_comment", Header: http.Header{}, Body: []byte(body), ReceivedAt: now.Add(-time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	put("guid-1", `{"action": "created", "issue": {"number": 7}, "repository": {"full_name": "org/repo"}, "sender": {"login": "ann"},
		"comment": {"html_url": "https://github.com/org/repo/pull/7#issuecomment-1", "body": "please\r\n/test all\r\n<b>"}}`)
	put("guid-2", `{"repository": {"full_name": "secret-org/repo"}, "sender": {"login": "eve"}}`)
	put("guid-3", `{"repository": {"full_name": "org/private", "private": true}, "sender": {"login": "eve"}}`)
	put("guid-4", `{"action": "member_added", "organization": {"login": "secret-org"}, "sender": {"login": "eve"}}`)
	if err := s.inbox.Record(t.Context(), "guid-1", "plugins", inbox.Entry{Plugins: map[string]inbox.Outcome{
		"trigger": {State: inbox.StateDone, Attempts: 2, At: now}, "hold": {State: inbox.StatePermanent, Error: hostile, Attempts: 1, At: now},
	}}); err != nil {
		t.Fatal(err)
	}
	_, body := s.get(t, "/deliveries/guid-1")
	for _, text := range []string{"issue_comment created", "org/repo#7", "ann", "<code>/test all</code>", "trigger", `class="state done"`, `class="state permanent"`, "&lt;script&gt;", "/view/prowjob/unit/1", "1 min ago"} {
		if !strings.Contains(body, text) {
			t.Errorf("does not show %q", text)
		}
	}
	for _, guid := range []string{"guid-2", "guid-3", "guid-4", "guid-none", "bad%20guid", ".."} {
		if _, body := s.get(t, "/deliveries/"+guid); strings.Contains(body, "eve") {
			t.Errorf("%s is shown", guid)
		}
	}
	if response, _ := s.get(t, "/deliveries?guid=+guid-1+"); response.Header.Get("Location") != "/deliveries/guid-1" {
		t.Errorf("the form leads to %q", response.Header.Get("Location"))
	}
	if err := s.inbox.Bury(t.Context(), "guid-1", "no plugin could <read> it"); err != nil {
		t.Fatal(err)
	}
	if _, body := s.get(t, "/deliveries/guid-1"); !strings.Contains(body, "Given up") || !strings.Contains(body, "no plugin could &lt;read&gt; it") {
		t.Errorf("does not say why it was given up:\n%s", body)
	}
	response, body := s.get(t, "/deliveries")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, `<a href="/deliveries/guid-1">`) || strings.Contains(body, "no plugin") || strings.Contains(body, "secret-org") {
		t.Errorf("the form and what was given up: status %d\n%s", response.StatusCode, body)
	}
}

// What is not done is listed, and a delivery that did not arrive has a page, too.
func TestDeliveriesNotDone(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	const allDone = "all that arrived is done"
	if _, body := s.get(t, "/deliveries"); !strings.Contains(body, allDone) {
		t.Errorf("an empty inbox is not said to be done:\n%s", body)
	}
	for _, err := range []error{
		s.inbox.Put(ctx, inbox.Delivery{GUID: "guid-waiting", Event: "push", Body: []byte("{}"), ReceivedAt: now}),
		s.inbox.NoteFailure(ctx, inbox.Failure{GUID: "guid-missing", Attempt: 1, Webhook: "repos/secret-org/repo/hooks/1", Event: "push"}),
		s.inbox.Bury(ctx, "guid-never", "it never arrived"),
		s.inbox.PutLetter(ctx, "source", "1", []byte("{}")),
		s.inbox.Record(ctx, "guid-waiting", inbox.Broker, inbox.Entry{Plugins: map[string]inbox.Outcome{
			"plugins.cutwater.svc": {State: inbox.StateError, Error: "the broker was answered 503 and gave up", Attempts: 1, At: now},
		}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	missing, err := s.inbox.DidNotArrive(ctx, "guid-missing")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.inbox.Ask(ctx, missing); err != nil {
		t.Fatal(err)
	}
	for path, wanted := range map[string][]string{
		"/deliveries": {
			`<a href="/deliveries/guid-waiting">`, "Not done yet", `<a href="/deliveries/guid-missing">`, "Not arrived", `<a href="/deliveries/guid-never">`,
			"1 events that are not GitHub", "cutwater deliveries letters",
		},
		"/deliveries/guid-missing": {"GitHub could not deliver it", "asked for it again 1 times"},
		"/deliveries/guid-never":   {"Given up", "it never arrived"},
		"/deliveries/guid-waiting": {"plugins.cutwater.svc", "the broker was answered 503 and gave up"},
	} {
		response, body := s.get(t, path)
		if response.StatusCode != http.StatusOK || strings.Contains(body, "secret-org") || strings.Contains(body, allDone) {
			t.Errorf("%s: status %d\n%s", path, response.StatusCode, body)
		}
		for _, text := range wanted {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not show %q:\n%s", path, text, body)
			}
		}
	}
}

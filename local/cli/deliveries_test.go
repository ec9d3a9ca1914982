// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// came is when the deliveries of these tests came; it is now two hours later.
var came = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

// someDeliveries is a state folder whose bucket holds a delivery of each state.
func someDeliveries(t *testing.T) (state string, box *inbox.Inbox) {
	t.Helper()
	state = t.TempDir()
	bucket, err := blob.Open(t.Context(), "file://"+filepath.Join(state, "bucket"))
	if err != nil {
		t.Fatal(err)
	}
	box = inbox.New(bucket)
	ctx := t.Context()
	put := func(guid, repo string) error {
		return box.Put(ctx, inbox.Delivery{GUID: guid, Event: "issue_comment", ReceivedAt: came, Body: []byte(`{"repository":{"full_name":"` + repo + `"}}`)})
	}
	entry := func(state, text string) inbox.Entry {
		return inbox.Entry{Plugins: map[string]inbox.Outcome{
			"hold":    {State: inbox.StateDone, Attempts: 1, At: came},
			"trigger": {State: state, Error: text, Attempts: 2, At: came},
		}}
	}
	for _, err := range []error{
		put("waiting", "org/repo"), box.Mark(ctx, inbox.Pending{GUID: "waiting", Since: came, Attempts: 3, LastSent: came}),
		box.Record(ctx, "waiting", "plugins", entry(inbox.StateError, "GitHub\nis \x1b[31maway")),
		put("dead", "org/other"), box.Record(ctx, "dead", "plugins", entry(inbox.StatePermanent, "no")), box.Bury(ctx, "dead", "too late"),
		put("finished", "org/repo"), box.Record(ctx, "finished", "plugins", entry(inbox.StateDone, "")), box.Finish(ctx, "finished"),
		box.NoteFailure(ctx, inbox.Failure{GUID: "lost", Attempt: 7, Webhook: "app/hook", Event: "push", At: came, Status: 503}),
		box.PutLetter(ctx, "https://example.com", "1", []byte(`{"specversion":"1.0","id":"1","type":"com.example.built","source":"https://example.com","knativeerrorcode":500,"knativeerrordest":"http://mine"}`)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	err = filepath.WalkDir(filepath.Join(state, "bucket"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chtimes(path, came, came)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return state, box
}

// cutwater runs "cutwater deliveries" two hours later, and returns what it prints.
func cutwater(t *testing.T, state string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newDeliveries(func() (string, error) { return state, nil }, func() time.Time { return came.Add(2 * time.Hour) })
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

const (
	head    = "STATE    GUID                              EVENT              REPO                 AGE     TRIES  ERROR\n"
	letter  = "letter   d42929bded2349745d5daf62b4f2bf24  com.example.built  https://example.com  2h0m0s  0      http://mine; answered 500\n"
	dead    = "dead     dead                              issue_comment      org/other            2h0m0s  0      too late; trigger: no\n"
	missing = "missing  lost                              push               -                    2h0m0s  0      GitHub was answered 503 by app/hook\n"
	waiting = "pending  waiting                           issue_comment      org/repo             2h0m0s  3      trigger: GitHub is  [31maway\n"
)

func TestDeliveriesList(t *testing.T) {
	state, _ := someDeliveries(t)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, head + letter + dead + missing + waiting},
		{[]string{"unfinished", "--bucket", "file://" + filepath.Join(state, "bucket")}, head + letter + dead + missing + waiting},
		{[]string{"all"}, head + letter + dead + "done     finished                          issue_comment      org/repo             2h0m0s  0      \n" + missing + waiting},
		{[]string{"letters"}, strings.ReplaceAll(strings.ReplaceAll(head+letter, "STATE    ", "STATE   "), "letter   ", "letter  ")},
		{[]string{"dead", "--repo", "org/repo"}, "There are none.\n"},
	} {
		got, err := cutwater(t, state, tc.args...)
		if err != nil {
			t.Errorf("%v: %v", tc.args, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.args, diff)
		}
	}
	text, err := cutwater(t, state, "pending", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"state": "pending", "guid": "waiting", "event": "issue_comment", "repo": "org/repo", "since": "2026-03-04T05:00:00Z",
		"attempts": 3.0, "error": "trigger: GitHub\nis \x1b[31maway",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestDeliveriesShow(t *testing.T) {
	state, _ := someDeliveries(t)
	got, err := cutwater(t, state, "show", "waiting")
	if err != nil {
		t.Fatal(err)
	}
	want := `delivery    waiting
state       pending
event       issue_comment
repo        org/repo
since       2026-03-04T05:00:00Z (2h0m0s)
sent again  3
error       trigger: GitHub is  [31maway

OUTCOME  PLUGIN   BY       TRIES  WHEN                  ERROR
done     hold     plugins  1      2026-03-04T05:00:00Z  
error    trigger  plugins  2      2026-03-04T05:00:00Z  GitHub is  [31maway
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("show (-want +got):\n%s", diff)
	}
	if got, err := cutwater(t, state, "show", "finished", "--body"); err != nil || got != `{"repository":{"full_name":"org/repo"}}` {
		t.Errorf("body: got %q, %v", got, err)
	}
	if got, err := cutwater(t, state, "show", "finished", "--format", "json"); err != nil || !strings.Contains(got, `"state": "done"`) {
		t.Errorf("finished: got %q, %v", got, err)
	}
}

func TestDeliveriesReplay(t *testing.T) {
	state, box := someDeliveries(t)
	swept := 0
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/sweep" {
			swept++
		}
	}))
	defer hook.Close()
	const again = "is sent again with the next sweep"
	for _, tc := range []struct {
		args []string
		want string
		err  string // in the error
	}{
		{[]string{"--dead"}, "dead: " + again + ", for trigger\n", ""},
		{[]string{"waiting", "--now", "--hook", hook.URL + "/hook"}, "waiting: " + again + ", for trigger\n", ""},
		{[]string{"finished"}, "", "everything is done; --force does it again"},
		{[]string{"finished", "--plugin", "hold", "--force"}, "finished: " + again + ", for hold\n", ""},
		{[]string{"--letters"}, "d42929bded2349745d5daf62b4f2bf24: the letter " + again + "\n", ""},
		{[]string{"lost", "waiting"}, "waiting: " + again + "\n", "GitHub may still have it"},
		{nil, "", "which deliveries?"},
		{[]string{"../x"}, "", "invalid delivery GUID"},
	} {
		got, err := cutwater(t, state, append([]string{"replay"}, tc.args...)...)
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%v: got error %v, want %q", tc.args, err, tc.err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.args, diff)
		}
	}
	if swept != 1 {
		t.Errorf("hook was asked to sweep %d times, want once", swept)
	}
	due := map[string]bool{}
	for p, err := range box.Pending(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		due[p.GUID] = p.Due(came.Add(2 * time.Hour))
	}
	if diff := cmp.Diff(map[string]bool{"dead": true, "waiting": true, "finished": true}, due); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	entry, err := box.Entry(t.Context(), "finished", "plugins")
	if _, has := entry.Plugins["hold"]; err != nil || has || len(entry.Plugins) != 1 {
		t.Errorf("ledger of finished: got %v, %v, want trigger's alone", entry.Plugins, err)
	}
}

// What cannot be read does not hide the others, and what nobody has seen is not done.
func TestDeliveriesOdd(t *testing.T) {
	state, box := someDeliveries(t)
	write := func(key, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(state, "bucket", "inbox", "deliveries", key), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("waiting/request", "broken")
	write("dead/plugins", "broken")
	if err := box.Put(t.Context(), inbox.Delivery{GUID: "stored", Event: "push", ReceivedAt: came}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(state, "bucket", "inbox", "pending", "stored")); err != nil {
		t.Fatal(err)
	}
	got, err := cutwater(t, state, "all")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"waiting                           -                  ", "reading inbox/deliveries/waiting/request", "too late; reading inbox/deliveries/dead/plugins",
		"\nstored   stored ", "hook was stopped before it could accept it", "\ndone     finished ", "\nletter ", "\nmissing ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("all: does not say %q:\n%s", want, got)
		}
	}
	if got, err := cutwater(t, state, "show", "stored"); err != nil || !strings.Contains(got, "state       stored\n") {
		t.Errorf("show: got %v\n%s", err, got)
	}
	if got, err := cutwater(t, state, "replay", "stored"); err != nil || got != "stored: is sent again with the next sweep\n" {
		t.Errorf("replay: got %q, %v", got, err)
	}
}

func TestDeliveriesErrors(t *testing.T) {
	state, _ := someDeliveries(t)
	for _, tc := range []struct {
		state string
		args  []string
		want  string
	}{
		{t.TempDir(), nil, "name a --bucket"},
		{state, []string{"some"}, `invalid argument "some"`},
		{state, []string{"--format", "xml"}, `there is no format "xml"`},
		{state, []string{"show", "other"}, "did not arrive"},
		{state, []string{"--bucket", "ftp://x"}, "ftp"},
		{state, []string{"--kubeconfig", "/missing"}, "--kubeconfig"},
		{state, []string{"replay", "dead", "--now"}, "--hook"},
	} {
		if _, err := cutwater(t, tc.state, tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want an error with %q", tc.args, err, tc.want)
		}
	}
}

func TestDeliveriesCompletion(t *testing.T) {
	state, _ := someDeliveries(t)
	got, err := cutwater(t, state, "__complete", "replay", "")
	if want := "dead\tdead issue_comment org/other\n"; err != nil || !strings.Contains(got, want) {
		t.Errorf("got %q, %v, want %q in it", got, err, want)
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// letters tells how GitHub does not know Cutwater's token any more, for longer than
// the broker tries: the dead letter is seen in the ledger, on deck's pages and in
// the metrics. With a token again, somebody has the delivery done again.
func letters(t *testing.T, w *world) {
	w.setSchedules(t, map[string]int{"sweep": 12}, "0 0 1 1 *") // nobody but us sends it again
	box, cutwater := w.inbox(t), w.cutwater(t)
	pull := w.openPull(t, "letters")
	first := w.firstRun(t, pull.Pull.Number)
	w.green(t, first, pull.SHA)

	w.refuse(t, http.StatusUnauthorized)
	told := w.comment(t, pull.Pull, testUnit)
	sent := time.Now()
	if !told.OK() {
		t.Fatalf("hook answered %+v", told.Attempts)
	}
	await(t, "the dead letter", func() string {
		entry, err := box.Entry(t.Context(), told.GUID, inbox.Broker)
		if err != nil {
			return err.Error()
		}
		for _, outcome := range entry.Plugins {
			if outcome.State == inbox.StateError {
				return ""
			}
		}
		return "the ledger has none"
	})
	w.figures.note(t, "letters: webhook to dead letter", seconds(time.Since(sent)), "")
	w.wantMetric(t, "hook", "cutwater_dead_letters_total")
	w.wantPage(t, "/deliveries", told.GUID)
	w.wantPage(t, "/deliveries/"+told.GUID, "the broker was answered 500 and gave up")
	if listed := cutwater("deliveries", "pending"); !strings.Contains(listed, told.GUID) {
		t.Errorf("got list of pending deliveries\n%s\nwant it to have %s", listed, told.GUID)
	}

	if err := w.forge.Refuse(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	replayed := time.Now()
	t.Log(cutwater("deliveries", "replay", told.GUID, "--now", "--hook", pageOf("hook", "/hook")))
	run := w.started(t, told.GUID, "unit")
	w.green(t, run, pull.SHA)
	w.figures.note(t, "letters: replay to green status", seconds(time.Since(replayed)), "")
	await(t, "the delivery to be done", func() string {
		if listed := cutwater("deliveries"); strings.Contains(listed, told.GUID) {
			return listed
		}
		return ""
	})
	if all := w.runs(t, func(run *prowv1.ProwJob) bool { return run.Labels[prowv1.EventGUIDLabel] == told.GUID }); len(all) != 1 {
		t.Errorf("it caused %d runs, want one", len(all))
	}
}

// firstRun is the run that the opening of a pull starts.
func (w *world) firstRun(t *testing.T, pull int) (first *prowv1.ProwJob) {
	t.Helper()
	await(t, "the run of a new pull", func() string {
		for _, run := range w.runs(t, func(run *prowv1.ProwJob) bool {
			return run.Spec.Refs != nil && len(run.Spec.Refs.Pulls) == 1 && run.Spec.Refs.Pulls[0].Number == pull
		}) {
			first = run
			return ""
		}
		return "there is none"
	})
	return first
}

// refuse has GitHub answer with a status, until the test ends at the latest.
func (w *world) refuse(t *testing.T, status int) {
	t.Helper()
	t.Cleanup(func() {
		if err := w.forge.Refuse(context.WithoutCancel(t.Context()), 0); err != nil {
			t.Error(err)
		}
	})
	if err := w.forge.Refuse(t.Context(), status); err != nil {
		t.Fatal(err)
	}
}

// cutwater builds the program, and returns what runs it for the cluster's inbox.
// It must succeed.
func (w *world) cutwater(t *testing.T) func(args ...string) (printed string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "cutwater")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../../cmd/cutwater").CombinedOutput(); err != nil {
		t.Fatalf("building cutwater: %v\n%s", err, said)
	}
	where := []string{"--bucket", w.bucket(t), "--s3-credentials-file", w.credentials(t)}
	return func(args ...string) string {
		t.Helper()
		var printed, complained strings.Builder
		cmd := exec.CommandContext(t.Context(), program, append(args, where...)...)
		cmd.Stdout, cmd.Stderr = &printed, &complained
		// The ingress knows the functions' names, which name servers do not.
		cmd.Env = append(os.Environ(), "HTTP_PROXY=http://"+wayIn(), "NO_PROXY=10.96.0.0/16")
		err := w.cluster.Do(cmd.Start)
		if err == nil {
			err = cmd.Wait()
		}
		if err != nil {
			t.Fatalf("cutwater %s: %v\n%s", strings.Join(args, " "), err, complained.String())
		}
		return printed.String()
	}
}

// wantMetric wants a counter of one of the function's pods to be above zero.
func (w *world) wantMetric(t *testing.T, function, name string) {
	t.Helper()
	await(t, name, func() string {
		for _, pod := range w.pods.present(ours, func(pod life) bool { return pod.function() == function && isReady(pod.pod) }) {
			said, err := read(t, &http.Client{Transport: &http.Transport{DialContext: w.cluster.Dial, DisableKeepAlives: true}},
				"http://"+net.JoinHostPort(pod.pod.Status.PodIP, "8080")+"/metrics")
			if err != nil {
				return err.Error()
			}
			for line := range strings.Lines(said) {
				if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok && value != "0" {
					return ""
				}
			}
		}
		return "no pod has counted"
	})
}

// wantPage wants a page of deck's to hold a text.
func (w *world) wantPage(t *testing.T, path, want string) {
	t.Helper()
	got, err := read(t, w.outside, pageOf("deck", path))
	if err != nil || !strings.Contains(got, want) {
		t.Errorf("got page %s\n%s\n%v; want it to say %q", path, got, err, want)
	}
}

func read(t *testing.T, client *http.Client, url string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

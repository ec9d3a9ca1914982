// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/mesh"
)

// The job's last act is to note the time.
const clockJob = `presubmits:
  cutwater/bench:
  - name: clock
    always_run: true
    decorate: true
    spec: {containers: [{image: host, command: [sh, -c, 'date +%s%N > "$ARTIFACTS/ended"']}]}
`

// BenchmarkLoop is how long people wait for Cutwater itself, in 40 comments
// "/test all" on 40 pulls, one after the other: from the comment to its pod in
// the API server, and from the end of the test's process to the green status
// on GitHub, which includes uploading the log and artifacts.
func BenchmarkLoop(b *testing.B) {
	const pulls = 40
	for b.Loop() {
		m := newMachine(b, clockJob, pulls, mesh.Processes{Dir: programs()})
		pods, green := newPods(b, m), newGreen(b, m)
		var toPod, toStatus, whole []time.Duration
		for number := 1; number <= pulls; number++ {
			began := time.Now()
			if err := m.say(b.Context(), number, "/test all"); err != nil {
				b.Fatal(err)
			}
			toPod = append(toPod, next(b, pods).Sub(began))
			done := next(b, green)
			toStatus = append(toStatus, done.Sub(testEnded(b, m, number)))
			whole = append(whole, done.Sub(began))
		}
		logLoad(b)
		for name, figures := range map[string][]time.Duration{"comment-to-pod": toPod, "end-to-status": toStatus, "comment-to-status": whole} {
			b.ReportMetric(milliseconds(percentile(figures, 50)), name+"-p50-ms")
			b.ReportMetric(milliseconds(percentile(figures, 95)), name+"-p95-ms")
		}
	}
}

// next is when the next thing happened.
func next(b *testing.B, times <-chan time.Time) time.Time {
	b.Helper()
	select {
	case at := <-times:
		return at
	case <-time.After(patience):
		b.Fatal("it did not happen")
		return time.Time{}
	}
}

// newPods tells when each pod of a job was created.
func newPods(b *testing.B, m *machine) <-chan time.Time {
	b.Helper()
	times := make(chan time.Time, 100)
	factory := informers.NewSharedInformerFactoryWithOptions(m.Kube, 0, informers.WithNamespace("test-pods"))
	if _, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		if _, ok := object.(*corev1.Pod); ok {
			times <- time.Now()
		}
	}}); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return times
}

// newGreen tells when each status turned green on GitHub.
func newGreen(b *testing.B, m *machine) <-chan time.Time {
	b.Helper()
	times := make(chan time.Time, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		at := time.Now()
		var payload struct{ State string }
		if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
			b.Errorf("reading a webhook: %v", err)
		}
		if payload.State == github.StatusSuccess {
			times <- at
		}
	}))
	b.Cleanup(receiver.Close)
	if err := m.Forge.AddWebhook(githubtest.Webhook{URL: receiver.URL, Events: []string{"status"}}); err != nil {
		b.Fatal(err)
	}
	return times
}

// testEnded is what the pull's job noted.
func testEnded(b *testing.B, m *machine, number int) time.Time {
	b.Helper()
	pattern := filepath.Join(m.Bucket, "pr-logs", "pull", m.repo.Org+"_"+m.repo.Name, fmt.Sprint(number), "clock", "*", "artifacts", "ended")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		b.Fatalf("%s: got %v (%v), want one", pattern, found, err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		b.Fatal(err)
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Unix(0, nanoseconds)
}

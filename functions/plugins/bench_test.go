// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/uuid"
	"github.com/sethvargo/go-envconfig"

	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// BenchmarkTestAll is how long one /test all takes when many come at once: three
// ProwJobs each, in a real API server, with the inbox in a folder. Its target is
// 500 comments in 30 seconds: -bench TestAll -benchtime 500x.
func BenchmarkTestAll(b *testing.B) {
	forge := httptest.NewServer(&fakeGitHub{})
	defer forge.Close()
	env := environment(b, forge.URL, "http://127.0.0.1:1")
	plane := controlplane.TestPlane(b)
	for name, text := range map[string]string{
		env["KUBECONFIG"]:  string(plane.Kubeconfig),
		env["CONFIG_PATH"]: "prowjob_namespace: default\n",
		env["JOB_CONFIG_PATH"]: "presubmits:\n  testorg/repo:\n" +
			"  - {name: unit, always_run: true, spec: {containers: [{image: alpine}]}}\n" +
			"  - {name: lint, always_run: true, spec: {containers: [{image: alpine}]}}\n" +
			"  - {name: docs, run_if_changed: '^docs/', spec: {containers: [{image: alpine}]}}\n",
	} {
		if err := os.WriteFile(filepath.Clean(name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	handler, err := New(b.Context(), envconfig.MapLookuper(env).Lookup)
	if err != nil {
		b.Fatal(err)
	}
	box := inboxOf(b, env["BUCKET"])
	say := func() error {
		d := inbox.Delivery{GUID: uuid.NewString(), Event: webhook.IssueComment, Header: http.Header{}, Body: []byte(testAll), ReceivedAt: time.Now()}
		d.Header.Set(webhook.SignatureHeader, webhook.Sign(d.Body, []byte(testToken)))
		return deliverTo(b, handler, box, d)
	}
	if err := say(); err != nil { // the API server holds creations back for 2 s after it has established a CRD
		b.Fatal(err)
	}
	var failed atomic.Int64
	b.SetParallelism(25) // 50 at once on two cores, as a broker's trigger sends them
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := say(); err != nil {
				failed.Add(1)
				b.Log(err)
			}
		}
	})
	b.StopTimer()
	if failed.Load() > 0 {
		b.Errorf("%d deliveries failed", failed.Load())
	}
	b.ReportMetric(float64(3*b.N)/b.Elapsed().Seconds(), "prowjobs/s")
}

// deliverTo puts the delivery into the inbox, and has the handler deal with its event.
func deliverTo(tb testing.TB, handler http.Handler, box *inbox.Inbox, d inbox.Delivery) error {
	if err := box.Put(tb.Context(), d); err != nil {
		return err
	}
	ev, err := webhook.Event(d)
	if err != nil {
		return err
	}
	request := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", nil)
	if err := cehttp.WriteRequest(tb.Context(), binding.ToMessage(&ev), request); err != nil {
		return err
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusAccepted {
		return fmt.Errorf("answered %d", recorder.Code)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

const token = "hmac-token"

// BenchmarkHookLatency is how long GitHub waits for hook's answer at 50
// deliveries a second for a minute, with the bucket a folder: the request is on
// disk and the event sent before the answer. Deliveries come at their time
// whether or not earlier ones were answered, and are measured from then.
//
// The disk's share is told apart: disk-p99 is one write and sync of a file of
// that size on the same disk at the same time, and hook does five such.
func BenchmarkHookLatency(b *testing.B) {
	const perSecond, deliveries = 50, 50 * 60
	var events atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		events.Add(1)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer sink.Close()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	for b.Loop() {
		dir := b.TempDir()
		p := start(b, "hook", hookEnvironment(b, dir, sink.URL))
		body := commentPayload(b)
		took, disk := make([]time.Duration, deliveries), make([]time.Duration, deliveries/10)
		events.Store(0)
		var all sync.WaitGroup
		began := time.Now()
		for n := range deliveries {
			due := began.Add(time.Duration(n) * time.Second / perSecond)
			pause(b, time.Until(due))
			all.Go(func() {
				if err := deliver(b, client, p.url+"/hook", body); err != nil {
					b.Error(err)
				}
				took[n] = time.Since(due)
			})
			if n%10 == 5 {
				all.Go(func() { disk[n/10] = syncFile(b, filepath.Join(dir, fmt.Sprint("probe-", n)), body) })
			}
		}
		all.Wait()
		stored, err := os.ReadDir(filepath.Join(dir, "bucket", "inbox", "pending"))
		if err != nil || len(stored) != deliveries || events.Load() != deliveries {
			b.Errorf("%d stored, %d sent (%v), want %d of each", len(stored), events.Load(), err, deliveries)
		}
		logLoad(b)
		b.ReportMetric(milliseconds(percentile(took, 50)), "p50-ms")
		b.ReportMetric(milliseconds(percentile(took, 99)), "p99-ms")
		b.ReportMetric(milliseconds(percentile(took, 100)), "max-ms")
		b.ReportMetric(milliseconds(percentile(disk, 50)), "disk-p50-ms")
		b.ReportMetric(milliseconds(percentile(disk, 99)), "disk-p99-ms")
		b.ReportMetric(p.memory(b, "VmHWM"), "MiB-peak")
		p.stop()
		b.ReportMetric((p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds(), "s-cpu")
	}
}

// deliver sends a webhook, signed, under a new GUID.
func deliver(b *testing.B, client *http.Client, url string, body []byte) error {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", webhook.IssueComment)
	r.Header.Set("X-GitHub-Delivery", uuid.NewString())
	r.Header.Set(webhook.SignatureHeader, webhook.Sign(body, []byte(token)))
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("hook answered %s", response.Status)
	}
	return nil
}

// syncFile is how long the disk takes for a file.
func syncFile(b *testing.B, path string, content []byte) time.Duration {
	began := time.Now()
	file, err := os.Create(path)
	if err != nil {
		b.Error(err)
		return 0
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		b.Error(err)
	}
	return time.Since(began)
}

// commentPayload is the body of a webhook of the size that GitHub's have, some
// 10 KB, most of it URLs.
func commentPayload(b *testing.B) []byte {
	b.Helper()
	urls := func(of string, n int) map[string]any {
		m := map[string]any{}
		for i := range n {
			m[fmt.Sprintf("link_%d_url", i)] = "https://api.github.com/" + of + "/" + strings.Repeat("x", 40) + "{/number}"
		}
		return m
	}
	login := map[string]any{"login": "alice", "id": 1, "type": "User"}
	issue := urls("repos/org/repo/issues/1", 20)
	issue["number"], issue["state"], issue["user"], issue["pull_request"] = 1, "open", login, urls("pull", 4)
	repository := urls("repos/org/repo", 58)
	repository["name"], repository["full_name"], repository["owner"] = "repo", "org/repo", login
	body, err := json.Marshal(map[string]any{
		"action": "created", "issue": issue, "repository": repository, "sender": login,
		"comment": map[string]any{"id": 7, "body": "/test all", "user": login},
	})
	if err != nil {
		b.Fatal(err)
	}
	if len(body) < 8000 || len(body) > 12000 {
		b.Fatalf("the payload has %d bytes", len(body))
	}
	return body
}

// hookEnvironment is all that hook reads.
func hookEnvironment(b *testing.B, dir, sink string) map[string]string {
	b.Helper()
	return map[string]string{
		"BUCKET": "file://" + filepath.Join(dir, "bucket"), "K_SINK": sink,
		"HMAC_SECRET_FILE": write(b, dir, "hmac", token),
	}
}

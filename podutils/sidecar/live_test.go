// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/internal/proctest"
	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/sidecar"
)

// beTicking is the program, but that its ticks are signals, and that nothing waits
// before it tries again.
func beTicking() int {
	log := command.Logger("sidecar", os.Stderr, slog.LevelDebug)
	fail := func(err error) int {
		log.Error("Cannot run", "error", err)
		return 1
	}
	var o options.Sidecar
	if err := json.Unmarshal([]byte(os.Getenv(options.SidecarEnv)), &o); err != nil {
		return fail(err)
	}
	spec, err := jobspec.FromEnv(os.LookupEnv)
	if err != nil {
		return fail(err)
	}
	interrupts, told, ticks := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan time.Time)
	signal.Notify(interrupts, syscall.SIGTERM)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		for range told {
			ticks <- time.Now()
			log.Info("ticked")
		}
	}()
	own, err := os.CreateTemp("", "sidecar-logs")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(own.Name())
	_, err = sidecar.Run(context.Background(), &o, spec, sidecar.Environment{
		Interrupts: interrupts, Ticks: ticks, Now: time.Now, OwnLog: own,
		Sleep: func(context.Context, time.Duration) error { return nil },
		Log:   command.Logger("sidecar", io.MultiWriter(os.Stderr, own), slog.LevelDebug),
	})
	if err != nil {
		return fail(err)
	}
	return 0
}

// runDir is where the runs of the tests are in their buckets.
const runDir = "pr-logs/pull/org_repo/5/unit/17"

// newTickingPod is a pod that uploads to a bucket, and whose sidecar ticks when told.
func newTickingPod(t *testing.T, url string, c blob.Credentials, containers ...string) (*pod, *blob.Bucket) {
	t.Helper()
	p := newPod(t, containers...)
	p.program = "ticking"
	p.options.GCSOptions.LocalOutputDir = ""
	p.options.GCSOptions.Bucket, p.options.GCSOptions.S3CredentialsFile = url, c.S3File
	bucket, err := blob.OpenWithCredentials(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	return p, bucket
}

// tick lets the sidecar look at the logs.
func (p *pod) tick(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGUSR1)
	p.waitFor(t, "ticked")
}

func (p *pod) append(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(p.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// live is a live log in the bucket; empty when there is none.
func live(t *testing.T, bucket *blob.Bucket, name string) string {
	t.Helper()
	log, err := livelog.Open(t.Context(), bucket, runDir, name)
	if errors.Is(err, blob.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := log.Copy(t.Context(), &text, 0); err != nil && !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
	return text.String()
}

func waitForLive(t *testing.T, bucket *blob.Bucket, name, want string) {
	t.Helper()
	proctest.Until(t, fmt.Sprintf("%s is live with %q", name, want), func() bool { return live(t, bucket, name) == want })
}

// stored is what is in the run's folder.
func stored(t *testing.T, bucket *blob.Bucket) map[string]string {
	t.Helper()
	return blobtest.Contents(t, bucket, runDir+"/")
}

// What the containers write is in the bucket while they run, and in the end only
// the whole logs are.
func TestLiveLogs(t *testing.T) {
	s3, credentials := blobtest.S3(t)
	for url, c := range map[string]blob.Credentials{"file://" + t.TempDir(): {}, s3: credentials} {
		t.Run(url[:4], func(t *testing.T) {
			p, bucket := newTickingPod(t, url, c, "a", "b")
			p.start(t, presubmit)
			p.waitUntilReady(t)
			p.tick(t) // nobody has written anything
			p.append(t, "a-log.txt", "a begins\n")
			p.tick(t)
			waitForLive(t, bucket, "a-build-log.txt", "a begins\n")
			p.append(t, "a-log.txt", "a goes on\n")
			p.append(t, "b-log.txt", "b begins\n")
			p.tick(t)
			waitForLive(t, bucket, "b-build-log.txt", "b begins\n")
			waitForLive(t, bucket, "a-build-log.txt", "a begins\na goes on\n")
			p.append(t, "a-log.txt", "a ends\n")
			p.write(t, "a-marker.txt", "0")
			p.write(t, "b-marker.txt", "0")
			if got := p.end(t); got != 0 {
				t.Errorf("exit code is %d", got)
			}
			got := stored(t, bucket)
			want := []string{"a-build-log.txt", "b-build-log.txt", "finished.json", "sidecar-logs.json"}
			if diff := cmp.Diff(want, names(got)); diff != "" {
				t.Errorf("in the bucket (-want +got):\n%s", diff)
			}
			if got["a-build-log.txt"] != "a begins\na goes on\na ends\n" || got["b-build-log.txt"] != "b begins\n" {
				t.Errorf("the logs are %q and %q", got["a-build-log.txt"], got["b-build-log.txt"])
			}
		})
	}
}

// A node that is lost takes what came after the last tick, and nothing else.
func TestKilled(t *testing.T) {
	p, bucket := newTickingPod(t, "file://"+t.TempDir(), blob.Credentials{}, "test")
	p.start(t, presubmit)
	p.waitUntilReady(t)
	p.append(t, "test-log.txt", "stored\n")
	p.tick(t)
	waitForLive(t, bucket, "build-log.txt", "stored\n")
	p.append(t, "test-log.txt", "lost\n")
	p.kill(t)
	if err := livelog.Compose(t.Context(), bucket, runDir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"build-log.txt": "stored\n"}, stored(t, bucket)); diff != "" {
		t.Errorf("in the bucket (-want +got):\n%s", diff)
	}
}

// What a pod writes between the interrupt and its end by force is not lost: the log
// that was uploaded at the interrupt is known to be a part.
func TestKilledAfterInterrupt(t *testing.T) {
	p, bucket := newTickingPod(t, "file://"+t.TempDir(), blob.Credentials{}, "test")
	p.start(t, presubmit)
	p.append(t, "test-log.txt", "before\n")
	p.interruptWhenReady(t)
	proctest.Until(t, "it uploaded", func() bool { return stored(t, bucket)["finished.json"] != "" })
	if got := stored(t, bucket)["build-log.txt"]; got != "before\n" {
		t.Errorf("at the interrupt the log is %q", got)
	}
	p.append(t, "test-log.txt", "last words\n")
	p.tick(t)
	waitForLive(t, bucket, "build-log.txt", "before\nlast words\n")
	p.kill(t)
	if err := livelog.Compose(t.Context(), bucket, runDir); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, bucket)["build-log.txt"]; got != "before\nlast words\n" {
		t.Errorf("after the end by force the log is %q", got)
	}
}

// Each interrupt uploads what is there then, and the end of the job comes first.
func TestInterruptedTwice(t *testing.T) {
	p, bucket := newTickingPod(t, "file://"+t.TempDir(), blob.Credentials{}, "test")
	p.start(t, presubmit)
	for _, text := range []string{"one\n", "two\n"} {
		p.append(t, "test-log.txt", text)
		p.interruptWhenReady(t)
		p.waitFor(t, "Received an interrupt: terminated, cancelling...")
		proctest.Until(t, "it uploaded "+text, func() bool { return strings.HasSuffix(stored(t, bucket)["build-log.txt"], text) })
	}
	p.append(t, "test-log.txt", "three\n")
	p.write(t, "test-marker.txt", "0")
	p.end(t)
	got := stored(t, bucket)
	if result := decodeFinished(t, got["finished.json"])["result"]; result != "SUCCESS" || got["build-log.txt"] != "one\ntwo\nthree\n" {
		t.Errorf("result is %v, log is %q", result, got["build-log.txt"])
	}
	log, err := bucket.Attributes(t.Context(), runDir+"/build-log.txt")
	if err != nil {
		t.Fatal(err)
	}
	if log.Metadata[livelog.Partial] != "" {
		t.Error("the whole log goes for a part")
	}
}

// The live log stays where the whole log could not be stored.
func TestLogNotStored(t *testing.T) {
	dir := t.TempDir()
	p, bucket := newTickingPod(t, "file://"+dir, blob.Credentials{}, "test")
	if err := os.MkdirAll(filepath.Join(dir, runDir, "build-log.txt", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.start(t, presubmit)
	p.waitUntilReady(t)
	p.append(t, "test-log.txt", "live\n")
	p.tick(t)
	waitForLive(t, bucket, "build-log.txt", "live\n")
	p.write(t, "test-marker.txt", "0")
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d", got)
	}
	if got := live(t, bucket, "build-log.txt"); got != "live\n" {
		t.Errorf("the live log is %q", got)
	}
	lost := metadata(t, stored(t, bucket)["finished.json"])["not-uploaded"]
	if names := fmt.Sprint(lost); !strings.Contains(names, "file:build-log.txt") || strings.Contains(names, "more") {
		t.Errorf("not-uploaded is %v", lost)
	}
}

// A bucket that fails does not disturb the job, and fills no log.
func TestLiveLogFails(t *testing.T) {
	p, bucket := newTickingPod(t, "file://"+t.TempDir(), blob.Credentials{}, "test")
	const inTheWay = runDir + "/build-log.txt.live"
	if err := bucket.Create(t.Context(), inTheWay, nil); err != nil {
		t.Fatal(err)
	}
	p.start(t, presubmit)
	p.waitUntilReady(t)
	p.append(t, "test-log.txt", "log\n")
	for range 3 {
		p.tick(t)
	}
	if err := bucket.Delete(t.Context(), inTheWay); err != nil {
		t.Fatal(err)
	}
	p.tick(t)
	waitForLive(t, bucket, "build-log.txt", "log\n")
	p.write(t, "test-marker.txt", "0")
	p.end(t)
	got := stored(t, bucket)
	if n := strings.Count(got["sidecar-logs.json"], "Cannot keep the log in the bucket"); n != 1 || got["build-log.txt"] != "log\n" {
		t.Errorf("it is told %d times; uploaded:\n%v", n, got)
	}
}

// A secret that is renewed while the job runs shows nowhere: neither value, nor
// before or after the end.
func TestRotation(t *testing.T) {
	p, bucket := newTickingPod(t, "file://"+t.TempDir(), blob.Credentials{}, "test")
	p.options.CensoringOptions = &options.Censoring{SecretDirectories: []string{p.path("secret"), p.path("plain")}}
	p.mount(t, "1", "0ld-value")
	p.write(t, "plain/token", "0ld-plain")
	p.start(t, presubmit)
	p.waitUntilReady(t)
	p.append(t, "test-log.txt", "first 0ld-value 0ld-plain, early n3w-va")
	p.tick(t)
	waitForLive(t, bucket, "build-log.txt", "first XXXXXXXXX XXXXXXXXX, early n3w-va")
	p.mount(t, "2", "n3w-value")
	p.append(t, "test-log.txt", "lue, then 0ld-value\n")
	p.tick(t)
	const clean = "first XXXXXXXXX XXXXXXXXX, early XXXXXXXXX, then XXXXXXXXX\n"
	waitForLive(t, bucket, "build-log.txt", clean)
	// In place, which cannot be seen on the folder.
	if err := os.WriteFile(p.path("plain/token"), []byte("n3w-plain"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.append(t, "test-log.txt", "n3w-plain\n")
	p.write(t, "artifacts/a.txt", "0ld-value n3w-value 0ld-plain n3w-plain")
	p.write(t, "test-marker.txt", "0")
	p.end(t)
	got := stored(t, bucket)
	if want := clean + "XXXXXXXXX\n"; got["build-log.txt"] != want {
		t.Errorf("the log is %q, want %q", got["build-log.txt"], want)
	}
	for name, text := range got {
		if strings.Contains(text, "0ld") || strings.Contains(text, "n3w") {
			t.Errorf("%s holds a secret: %q", name, text)
		}
	}
	want := []any{
		map[string]any{"file": "artifacts/a.txt", "secret": p.path("plain/token"), "count": 2.0},
		map[string]any{"file": "artifacts/a.txt", "secret": p.path("secret/token"), "count": 2.0},
		map[string]any{"file": "build-log.txt", "secret": p.path("plain/token"), "count": 2.0},
		map[string]any{"file": "build-log.txt", "secret": p.path("secret/token"), "count": 3.0},
	}
	if diff := cmp.Diff(want, metadata(t, got["finished.json"])["censored"]); diff != "" {
		t.Errorf("censored (-want +got):\n%s", diff)
	}
}

// mount makes a folder with a secret as Kubernetes does, or renews it.
func (p *pod) mount(t *testing.T, version, value string) {
	t.Helper()
	p.write(t, "secret/..v"+version+"/token", value)
	if err := os.Symlink("..v"+version, p.path("secret/..data_tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p.path("secret/..data_tmp"), p.path("secret/..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..data/token", p.path("secret/token")); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
}

func metadata(t *testing.T, finished string) map[string]any {
	t.Helper()
	all, _ := decodeFinished(t, finished)["metadata"].(map[string]any)
	return maps.Clone(all)
}

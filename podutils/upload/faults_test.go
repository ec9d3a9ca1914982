// SPDX-License-Identifier: Apache-2.0

package upload_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// periodic is the run whose folder is logs/p/1.
func periodic() *jobspec.Spec {
	return &jobspec.Spec{Type: prowv1.PeriodicJob, Job: "p", BuildID: "1", ProwJobID: "id"}
}

// nth counts the writes of each object.
type nth struct {
	mu   sync.Mutex
	of   map[string]int
	sum  int
	keys []string // in order
}

func (n *nth) write(key string) (ofKey, ofAll int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of == nil {
		n.of = map[string]int{}
	}
	n.of[key]++
	n.sum++
	n.keys = append(n.keys, key)
	return n.of[key], n.sum
}

// What goes wrong between us and the bucket is mended, or what is missing is named;
// and what is in the bucket is whole.
func TestFaults(t *testing.T) {
	refused := blobtest.Fault{Status: 403, Body: "<Error><Code>AccessDenied</Code></Error>"}
	files := []string{"a", "b", "c", "d", "e", "f", "g", "h", "large"}
	for _, story := range []struct {
		name    string
		fault   func(r blobtest.Request, ofKey, ofAll int) blobtest.Fault
		waits   string   // before each further attempt; "any" where clients try again by themselves
		missing []string // files; nil is none
		some    bool     // and others, in their place
	}{
		{name: "nothing", waits: "[]", fault: func(blobtest.Request, int, int) (none blobtest.Fault) { return none }},
		{name: "unavailable", waits: "any", fault: func(_ blobtest.Request, _, ofAll int) (none blobtest.Fault) {
			if ofAll <= 10 {
				return blobtest.Fault{Status: 503}
			}
			return none
		}},
		{name: "asked too often", waits: "[5s]", fault: func(r blobtest.Request, ofKey, _ int) (none blobtest.Fault) {
			if ofKey == 1 && path.Base(r.Writes) == "c" {
				return blobtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "5"}}
			}
			return none
		}},
		{name: "broken connections", waits: "any", fault: func(_ blobtest.Request, ofKey, _ int) (none blobtest.Fault) {
			if ofKey == 1 {
				return blobtest.Fault{Cut: 1000}
			}
			return none
		}},
		{name: "lost answers", waits: "any", fault: func(r blobtest.Request, ofKey, _ int) (none blobtest.Fault) {
			if ofKey == 1 && path.Base(r.Writes) != "large" { // the server's double loses its place then
				return blobtest.Fault{Lose: true}
			}
			return none
		}},
		{name: "slow", waits: "[]", fault: func(blobtest.Request, int, int) blobtest.Fault {
			return blobtest.Fault{Slow: time.Millisecond}
		}},
		{name: "one never", waits: "[1s 4s 9s]", missing: []string{"c"}, fault: func(r blobtest.Request, _, _ int) (none blobtest.Fault) {
			if path.Base(r.Writes) == "c" {
				return blobtest.Fault{Status: 400}
			}
			return none
		}},
		{name: "one refused", waits: "[]", missing: []string{"c"}, fault: func(r blobtest.Request, _, _ int) (none blobtest.Fault) {
			if path.Base(r.Writes) == "c" {
				return refused
			}
			return none
		}},
		{name: "credentials expire", waits: "[]", some: true, fault: func(_ blobtest.Request, _, ofAll int) (none blobtest.Fault) {
			if ofAll > 5 {
				return refused
			}
			return none
		}},
		{name: "no bucket", waits: "any", some: true, fault: func(blobtest.Request, int, int) blobtest.Fault {
			return blobtest.Fault{Status: 404, Body: "<Error><Code>NoSuchBucket</Code></Error>"}
		}},
	} {
		for kind, open := range map[string]func() (string, blob.Credentials){
			"s3": func() (string, blob.Credentials) { return blobtest.S3(t) },
			"gs": func() (string, blob.Credentials) { return blobtest.GCS(t), blob.Credentials{} },
		} {
			t.Run(story.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				want := map[string]string{}
				for _, name := range files {
					want["artifacts/"+name] = strings.Repeat(name+",", 5_000)
				}
				want["artifacts/large"] = strings.Repeat("large,", 2_000_000) // parts, and chunks
				write(t, dir, want)
				want["finished.json"] = "{}"
				bucket, c := open()
				var writes nth
				through, c2 := blobtest.Between(t, bucket, c, func(r blobtest.Request) (none blobtest.Fault) {
					if r.Writes == "" || !strings.HasPrefix(r.Writes, "logs/p/1/") {
						return none
					}
					ofKey, ofAll := writes.write(r.Writes)
					return story.fault(r, ofKey, ofAll)
				})
				var waits []time.Duration
				uploader := newUploader(t, through, c2, filepath.Join(dir, "artifacts"), func(_ context.Context, d time.Duration) error {
					waits = append(waits, d)
					return nil
				})
				report, err := uploader.Run(t.Context(), periodic(), upload.Objects(upload.Text("finished.json", "{}")))
				if (err != nil) != (report.Missing.Count > 0) {
					t.Errorf("error is %v, and %d are missing", err, report.Missing.Count)
				}
				if got := fmt.Sprint(waits); story.waits != "any" && got != story.waits {
					t.Errorf("waits: got %s, want %s", got, story.waits)
				}
				missing := missingNames(report)
				if !story.some {
					var all []string
					for _, name := range story.missing {
						all = append(all, "artifacts/"+name)
					}
					if diff := cmp.Diff(all, missing); diff != "" {
						t.Errorf("missing (-want +got):\n%s", diff)
					}
				} else if len(missing) == 0 {
					t.Error("nothing is missing")
				}
				for _, name := range missing {
					delete(want, name)
				}
				if diff := cmp.Diff(want, stored(t, bucket, c)); diff != "" {
					t.Errorf("in the bucket (-want +got):\n%s", short(diff))
				}
			})
		}
	}
}

func short(text string) string { return text[:min(len(text), 2000)] }

// newUploader uploads the item to the bucket.
func newUploader(t *testing.T, bucket string, c blob.Credentials, item string, sleep upload.Sleep) *upload.Uploader {
	t.Helper()
	o := &options.Upload{
		Items: []string{item}, S3CredentialsFile: c.S3File, GCSCredentialsFile: c.GCSFile,
		GCSConfiguration: &prowv1.GCSConfiguration{Bucket: bucket, PathStrategy: prowv1.PathStrategyExplicit},
	}
	uploader, err := upload.New(o, nil, sleep, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = uploader.Close() })
	return uploader
}

// missingNames are sorted.
func missingNames(report upload.Report) []string {
	var names []string
	for _, name := range report.Missing.First {
		names = append(names, name.Name)
	}
	slices.Sort(names)
	return names
}

// stored is what the run's folder holds.
func stored(t *testing.T, url string, c blob.Credentials) map[string]string {
	t.Helper()
	bucket, err := blob.OpenWithCredentials(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bucket.Close() }()
	return blobtest.Contents(t, bucket, "logs/p/1/")
}

// Who may not list the bucket may write to it all the same.
func TestMayNotList(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"artifacts/a": "a"})
	bucket, c := blobtest.S3(t)
	through, c2 := blobtest.Between(t, bucket, c, func(r blobtest.Request) (none blobtest.Fault) {
		if r.Writes == "" {
			return blobtest.Fault{Status: 403}
		}
		return none
	})
	uploader := newUploader(t, through, c2, filepath.Join(dir, "artifacts"), noSleep(t))
	if report, err := uploader.Run(t.Context(), periodic()); err != nil || report.Stored != 2 {
		t.Errorf("got %+v and error %v, want 2 stored", report, err)
	}
	if diff := cmp.Diff(map[string]string{"artifacts/a": "a"}, stored(t, bucket, c)); diff != "" {
		t.Errorf("in the bucket (-want +got):\n%s", diff)
	}
}

// A bucket that takes nothing any more is given up, and what was not even tried is
// missing too.
func TestGivenUp(t *testing.T) {
	for name, status := range map[string]int{"down": 400, "refused": 403} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{}
			for i := range 300 {
				files[fmt.Sprintf("artifacts/%03d", i)] = "x"
			}
			write(t, dir, files)
			bucket, c := blobtest.S3(t)
			var writes nth
			through, c := blobtest.Between(t, bucket, c, func(r blobtest.Request) (none blobtest.Fault) {
				if !strings.HasPrefix(r.Writes, "logs/p/1/artifacts/") {
					return none
				}
				writes.write(r.Writes)
				return blobtest.Fault{Status: status}
			})
			uploader := newUploader(t, through, c, filepath.Join(dir, "artifacts"), func(context.Context, time.Duration) error { return nil })
			report, err := uploader.Run(t.Context(), periodic(), upload.Objects(upload.Text("finished.json", "{}")))
			if status == 403 && !errors.Is(err, blob.ErrDenied) {
				t.Errorf("error is %v, want %v", err, blob.ErrDenied)
			}
			if report.Missing.Count != 300 || len(report.Missing.First) != 20 || report.Stored != 2 { // latest-build.txt and finished.json
				t.Errorf("got %+v, want 300 missing, 20 of them with names", report)
			}
			if tried := len(writes.of); tried < 100 || tried > 210 { // a link may be stored between
				t.Errorf("tried %d objects, want about 100", tried)
			}
			if most := slices.Max(slices.Collect(maps.Values(writes.of))); most > 4 {
				t.Errorf("tried one object %d times", most)
			}
		})
	}
}

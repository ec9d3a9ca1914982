// SPDX-License-Identifier: Apache-2.0

package upload_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

func presubmit() *jobspec.Spec {
	return &jobspec.Spec{
		Type: prowv1.PresubmitJob, Job: "unit", BuildID: "17", ProwJobID: "id",
		Refs: &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: "abc", Pulls: []prowv1.Pull{{Number: 5, SHA: "def"}}},
	}
}

const runDir = "pr-logs/pull/org_repo/5/unit/17"

// noSleep fails the test: nothing should have to be tried again.
func noSleep(t *testing.T) upload.Sleep {
	return func(context.Context, time.Duration) error {
		t.Error("an upload was tried again")
		return nil
	}
}

// write makes files, by path below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// bucketOptions upload to a new bucket.
func bucketOptions(t *testing.T, items ...string) *options.Upload {
	t.Helper()
	return &options.Upload{Items: items, GCSConfiguration: &prowv1.GCSConfiguration{
		Bucket: "file://" + t.TempDir(), PathStrategy: prowv1.PathStrategyExplicit,
	}}
}

// object is what a bucket holds.
type object struct{ Content, Type, Encoding, Link string }

func objects(t *testing.T, o *options.Upload) map[string]object {
	t.Helper()
	bucket, err := blob.OpenWithCredentials(t.Context(), o.Bucket, blob.Credentials{S3File: o.S3CredentialsFile})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bucket.Close() }()
	found := map[string]object{}
	for entry, err := range bucket.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		data, err := bucket.Read(t.Context(), entry.Key)
		if err != nil {
			t.Fatal(err)
		}
		a, err := bucket.Attributes(t.Context(), entry.Key)
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Key] = object{string(data), a.ContentType, a.ContentEncoding, a.Metadata["x-goog-meta-link"]}
	}
	return found
}

func run(t *testing.T, o *options.Upload, spec *jobspec.Spec, sets ...upload.Set) upload.Report {
	t.Helper()
	uploader, err := upload.New(o, nil, noSleep(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	report, err := uploader.Run(t.Context(), spec, sets...)
	if err := errors.Join(err, uploader.Close()); err != nil {
		t.Fatal(err)
	}
	return report
}

func zipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The layout is the same in all kinds of buckets, and that of the path strategy.
func TestBucket(t *testing.T) {
	for kind, open := range map[string]func(t *testing.T) (url string, c blob.Credentials){
		"file": func(t *testing.T) (string, blob.Credentials) { return "file://" + t.TempDir(), blob.Credentials{} },
		"s3":   func(t *testing.T) (string, blob.Credentials) { return blobtest.S3(t) },
		"gs": func(t *testing.T) (string, blob.Credentials) {
			bucket, host, _ := strings.Cut(blobtest.GCS(t), "?endpoint=http://")
			t.Setenv("STORAGE_EMULATOR_HOST", host)
			return bucket, blob.Credentials{}
		},
	} {
		for strategy, segment := range map[prowv1.PathStrategy]string{
			prowv1.PathStrategyExplicit: "org_repo/", prowv1.PathStrategyLegacy: "repo/", prowv1.PathStrategySingle: "",
		} {
			t.Run(kind+"/"+string(strategy), func(t *testing.T) {
				url, c := open(t)
				o := &options.Upload{S3CredentialsFile: c.S3File, GCSConfiguration: &prowv1.GCSConfiguration{
					Bucket: url, PathStrategy: strategy, PathPrefix: "prefix", DefaultOrg: "org", DefaultRepo: "repo",
				}}
				if strategy == prowv1.PathStrategyLegacy {
					o.DefaultRepo = "another"
				}
				testBucket(t, o, segment)
			})
		}
	}
}

func testBucket(t *testing.T, o *options.Upload, segment string) {
	t.Helper()
	dir := t.TempDir()
	zip := zipped(t, "text")
	write(t, dir, map[string]string{
		"artifacts/a.txt":        "a",
		"artifacts/sub/b.json":   "{}",
		"artifacts/empty.txt":    "",
		"artifacts/c.txt.gz":     zip,
		"artifacts/d.unknown.gz": zip,
		"artifacts/gz":           zip,
		"artifacts/e#f.html":     "<p>",
		"artifacts/own.myending": "x",
		"artifacts/a.txt.gz":     zip, // like a.txt, which comes first
		"single.txt":             "single",
	})
	o.Items = []string{filepath.Join(dir, "artifacts"), filepath.Join(dir, "single.txt"), filepath.Join(dir, "missing")}
	o.MediaTypes = map[string]string{"myending": "text/special"}
	run(t, o, presubmit(), upload.Objects(upload.Text("build-log.txt", "log")), upload.Objects(upload.Text("finished.json", "{}")))

	const text, html = "text/plain; charset=utf-8", "text/html; charset=utf-8"
	runDir := "prefix/pr-logs/pull/" + segment + "5/unit/17"
	link := o.Bucket + "/" + runDir
	want := map[string]object{
		"pr-logs/directory/unit/17.txt":                       {link, text, "", link},
		"pr-logs/directory/unit/latest-build.txt":             {"17", text, "", ""},
		"pr-logs/pull/" + segment + "5/unit/latest-build.txt": {"17", text, "", ""},
		runDir + "/artifacts/a.txt":                           {"a", text, "", ""},
		runDir + "/artifacts/sub/b.json":                      {"{}", "application/json", "", ""},
		runDir + "/artifacts/empty.txt":                       {"", text, "", ""},
		runDir + "/artifacts/c.txt":                           {zip, text, "gzip", ""},
		runDir + "/artifacts/d.unknown":                       {zip, "application/gzip", "", ""},
		runDir + "/artifacts/gz":                              {zip, "application/gzip", "", ""},
		runDir + "/artifacts/e%23f.html":                      {"<p>", html, "", ""},
		runDir + "/artifacts/own.myending":                    {"x", "text/special; charset=utf-8", "", ""},
		runDir + "/single.txt":                                {"single", text, "", ""},
		runDir + "/build-log.txt":                             {"log", text, "", ""},
		runDir + "/finished.json":                             {"{}", "application/json", "", ""},
	}
	if diff := cmp.Diff(want, objects(t, o)); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
}

func TestCompression(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("0123456789", 200)
	write(t, dir, map[string]string{"a/long.log": long, "a/short.log": "short", "a/long.bin": long, "a/long.txt.gz": zipped(t, long)})
	o := bucketOptions(t, filepath.Join(dir, "a"))
	o.CompressFileTypes = []string{"log", "gz", "txt"}
	run(t, o, &jobspec.Spec{Type: prowv1.PeriodicJob, Job: "p", BuildID: "1"})
	got := objects(t, o)
	for name, encoding := range map[string]string{"long.log": "gzip", "short.log": "", "long.bin": "", "long.txt": "gzip"} {
		if got := got["logs/p/1/a/"+name].Encoding; got != encoding {
			t.Errorf("encoding of %s is %q, want %q", name, got, encoding)
		}
	}
	packed := got["logs/p/1/a/long.log"].Content
	unzip, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(unzip); err != nil || string(content) != long {
		t.Errorf("content of long.log is not what went in (%v)", err)
	}
}

// A job makes its artifacts as it likes; we read more than it does.
func TestHostileArtifacts(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"secret": "secret", "artifacts/real.txt": "real"})
	artifacts := filepath.Join(dir, "artifacts")
	for name, target := range map[string]string{"absolute": dir + "/secret", "relative": "../secret", "inside": "real.txt", "dangling": "nothing", "folder": ".", "round": "round"} {
		if err := os.Symlink(target, filepath.Join(artifacts, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(artifacts, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	o := &options.Upload{Items: []string{artifacts}, GCSConfiguration: &prowv1.GCSConfiguration{LocalOutputDir: out}}
	report := run(t, o, presubmit())
	want := map[string]string{"artifacts/real.txt": "real", "artifacts/inside": "real"}
	if diff := cmp.Diff(want, read(t, out)); diff != "" {
		t.Errorf("uploaded (-want +got):\n%s", diff)
	}
	const leadsOut = "it is a link that leads out of the folder"
	wantOut := map[string]string{
		"artifacts/absolute": leadsOut, "artifacts/relative": leadsOut, "artifacts/dangling": "it is a link to nothing",
		"artifacts/folder": "it is no file but a folder", "artifacts/pipe": "it is no file but a pipe", "artifacts/round": "too many levels of symbolic links",
	}
	if diff := cmp.Diff(wantOut, leftOut(report)); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if report.Stored != 2 || report.Bytes != 8 || report.LeftOut.Count != 6 || report.Missing.Count != 0 {
		t.Errorf("report: got %+v, want 2 objects of 8 bytes, 6 left out, none missing", report)
	}
}

// Not even the folder of the artifacts may be a link to what a job cannot read.
func TestLinkInPlaceOfItem(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"secrets/key": "secret", "logs/real/a.txt": "a"})
	logs := filepath.Join(dir, "logs")
	for name, target := range map[string]string{"folder": dir + "/secrets", "file": "../secrets/key", "inside": "real"} {
		if err := os.Symlink(target, filepath.Join(logs, name)); err != nil {
			t.Fatal(err)
		}
	}
	out := t.TempDir()
	o := &options.Upload{
		Items:            []string{filepath.Join(logs, "folder"), filepath.Join(logs, "file"), filepath.Join(logs, "inside")},
		GCSConfiguration: &prowv1.GCSConfiguration{LocalOutputDir: out},
	}
	run(t, o, presubmit())
	if diff := cmp.Diff(map[string]string{"inside/a.txt": "a"}, read(t, out)); diff != "" {
		t.Errorf("uploaded (-want +got):\n%s", diff)
	}
}

// read returns the files below dir.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRetries(t *testing.T) {
	for _, test := range []struct {
		name  string
		mend  int // before which attempt to mend what is wrong
		waits string
		fails bool
	}{
		{name: "second attempt", mend: 2, waits: "[1s]"},
		{name: "last attempt", mend: 4, waits: "[1s 4s 9s]"},
		{name: "never", mend: 5, waits: "[1s 4s 9s]", fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := t.TempDir()
			obstacle := filepath.Join(out, "b")
			if err := os.Mkdir(obstacle, 0o700); err != nil {
				t.Fatal(err)
			}
			var waits []time.Duration
			sleep := func(_ context.Context, d time.Duration) error {
				if waits = append(waits, d); len(waits)+1 == test.mend {
					return os.Remove(obstacle)
				}
				return nil
			}
			o := &options.Upload{GCSConfiguration: &prowv1.GCSConfiguration{LocalOutputDir: out}}
			uploader, err := upload.New(o, nil, sleep, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			set := upload.Objects(upload.Text("a", "a"), upload.Text("b", "b"), upload.Text("c", "c"))
			var missing []string
			last := func(soFar upload.Report) []upload.Object {
				for _, name := range soFar.Missing.First {
					missing = append(missing, name.Name)
				}
				return []upload.Object{upload.Text("finished.json", "{}")}
			}
			_, err = uploader.Run(t.Context(), presubmit(), set, last)
			if (err != nil) != test.fails {
				t.Errorf("error is %v", err)
			}
			if got := fmt.Sprint(waits); got != test.waits {
				t.Errorf("waits are %s, want %s", got, test.waits)
			}
			if got := fmt.Sprint(missing); (got == "[b]") != test.fails {
				t.Errorf("the last set was told that %s are missing", got)
			}
			want := map[string]string{"a": "a", "c": "c", "finished.json": "{}"}
			if !test.fails {
				want["b"] = "b"
			}
			if diff := cmp.Diff(want, read(t, out)); diff != "" {
				t.Errorf("uploaded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyFiles(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	files := map[string]string{}
	for i := range 500 {
		files[fmt.Sprintf("artifacts/%d/%d.txt", i%7, i)] = fmt.Sprint(i)
	}
	write(t, dir, files)
	o := &options.Upload{Items: []string{filepath.Join(dir, "artifacts")}, GCSConfiguration: &prowv1.GCSConfiguration{LocalOutputDir: out}}
	run(t, o, presubmit())
	if diff := cmp.Diff(files, read(t, out)); diff != "" {
		t.Errorf("uploaded (-want +got):\n%s", diff)
	}
}

func TestDryRun(t *testing.T) {
	o := bucketOptions(t)
	o.DryRun = true
	run(t, o, presubmit(), upload.Objects(upload.Text("started.json", "{}")))
	if got := objects(t, o); len(got) != 0 {
		t.Errorf("a dry run uploaded %v", got)
	}
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]*options.Upload{
		"nowhere":    {GCSConfiguration: &prowv1.GCSConfiguration{}},
		"nothing":    {},
		"media type": {GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "b", MediaTypes: map[string]string{"x": "///"}}},
	} {
		if _, err := upload.New(o, nil, noSleep(t), slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

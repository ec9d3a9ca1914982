// SPDX-License-Identifier: Apache-2.0

package upload_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// leftOut are the names and reasons of what was left out.
func leftOut(report upload.Report) map[string]string {
	names := map[string]string{}
	for _, name := range report.LeftOut.First {
		names[name.Name] = name.Reason
	}
	return names
}

// Names may be anything that the file system takes.
func TestOddNames(t *testing.T) {
	dir := t.TempDir()
	deep := "artifacts/" + strings.Repeat(strings.Repeat("d", 99)+"/", 9) // 910 bytes
	room := 1024 - len("logs/p/1/"+deep)
	write(t, dir, map[string]string{
		"artifacts/line\nbreak":                   "1",
		"artifacts/\xff\xfe.bin":                  "2",
		"artifacts/ünïcode\xc3":                   "3",
		"artifacts/a#b":                           "4",
		"artifacts/a%23b":                         "the second of that key",
		"artifacts/ space":                        "5",
		deep + strings.Repeat("f", room):          "6",
		deep + strings.Repeat("g", room+1):        "too long",
		deep + strings.Repeat("h", room) + "/x":   "too deep",
		deep + strings.Repeat("i", room-2) + "/x": "7",
	})
	o := bucketOptions(t, filepath.Join(dir, "artifacts"))
	report := run(t, o, periodic())
	want := map[string]string{
		"latest-build.txt":                               "1",
		"1/artifacts/line\nbreak":                        "1",
		"1/artifacts/%FF%FE.bin":                         "2",
		"1/artifacts/ünïcode%C3":                         "3",
		"1/artifacts/a%23b":                              "4",
		"1/artifacts/ space":                             "5",
		"1/" + deep + strings.Repeat("f", room):          "6",
		"1/" + deep + strings.Repeat("i", room-2) + "/x": "7",
	}
	got := map[string]string{}
	for key, object := range objects(t, o) {
		got[strings.TrimPrefix(key, "logs/p/")] = object.Content
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
	const long = "its path in the bucket is longer than 1024 bytes"
	wantOut := map[string]string{
		"artifacts/a%23b":                  "another file is stored under the same name",
		deep + strings.Repeat("g", room+1): long,
		deep + strings.Repeat("h", room):   long,
	}
	if diff := cmp.Diff(wantOut, leftOut(report)); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

// reading is what a filter does to a file while it is read.
type reading struct {
	io.ReadCloser
	before func()
	err    error
}

func (r reading) Read(p []byte) (int, error) {
	if r.before != nil {
		r.before()
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.ReadCloser.Read(p)
}

// Files change and vanish while they are uploaded, and some cannot be looked into.
func TestChangingFiles(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("0123456789", 30_000)
	write(t, dir, map[string]string{
		"artifacts/a": "a", "artifacts/cut": long, "artifacts/grows": long, "artifacts/unread": "secret", "artifacts/unopened": "secret",
	})
	path := func(name string) string { return filepath.Join(dir, "artifacts", name) }
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	filter := func(name string, content io.ReadCloser) (io.ReadCloser, error) {
		switch name {
		case "artifacts/cut":
			return reading{content, func() { must(os.Truncate(path("cut"), 100_000)) }, nil}, nil
		case "artifacts/grows":
			return reading{content, func() {
				f, err := os.OpenFile(path("grows"), os.O_APPEND|os.O_WRONLY, 0)
				must(err)
				_, err = f.WriteString(long)
				must(errors.Join(err, f.Close()))
			}, nil}, nil
		case "artifacts/unread":
			return reading{content, nil, errors.New("cannot look for secrets in it")}, nil
		case "artifacts/unopened":
			return nil, errors.New("no secret can be looked for")
		}
		return content, nil
	}
	o := bucketOptions(t, filepath.Join(dir, "artifacts"))
	uploader, err := upload.New(o, filter, noSleep(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { must(uploader.Close()) }()
	report, err := uploader.Run(t.Context(), periodic(), upload.Objects(upload.Text("finished.json", "{}")))
	if err == nil {
		t.Error("no error, though some are missing")
	}
	want := map[string]string{
		"artifacts/a": "a", "artifacts/cut": long[:100_000], "artifacts/grows": long, "finished.json": "{}",
	}
	if diff := cmp.Diff(want, stored(t, o.Bucket, blob.Credentials{})); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", short(diff))
	}
	if diff := cmp.Diff([]string{"artifacts/unopened", "artifacts/unread"}, missingNames(report)); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"artifacts/cut": "the file was cut while it was read, from 300000 bytes to 100000, which are stored"}, leftOut(report)); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

// What vanishes, or is no file of the job any more, between being found and being opened is
// left out, and another attempt reads what is there then.
func TestLaterAttempts(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"artifacts/changes": "before", "artifacts/vanishes": "x", "artifacts/becomes-a-pipe": "x", "artifacts/leads-out": "x", "secret": "secret"})
	path := func(name string) string { return filepath.Join(dir, "artifacts", name) }
	bucket, c := blobtest.S3(t)
	var writes nth
	through, c2 := blobtest.Between(t, bucket, c, func(r blobtest.Request) (none blobtest.Fault) {
		if ofKey, _ := writes.write(r.Writes); ofKey == 1 && strings.Contains(r.Writes, "artifacts/") {
			return blobtest.Fault{Status: 400}
		}
		return none
	})
	uploader := newUploader(t, through, c2, filepath.Join(dir, "artifacts"), func(context.Context, time.Duration) error {
		write(t, dir, map[string]string{"artifacts/changes": "afterwards"})
		return errors.Join(os.Remove(path("vanishes")), os.Remove(path("becomes-a-pipe")), syscall.Mkfifo(path("becomes-a-pipe"), 0o600),
			os.Remove(path("leads-out")), os.Symlink("../secret", path("leads-out")))
	})
	report, err := uploader.Run(t.Context(), periodic())
	if report.Missing.Count > 0 || err != nil {
		t.Errorf("missing: got %+v and %v", report.Missing, err)
	}
	if diff := cmp.Diff(map[string]string{"artifacts/changes": "afterwards"}, stored(t, bucket, c)); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
	wantOut := map[string]string{
		"artifacts/vanishes": "no such file or directory", "artifacts/becomes-a-pipe": "it is no file but a pipe",
		"artifacts/leads-out": "it is a link that leads out of the folder",
	}
	if diff := cmp.Diff(wantOut, leftOut(report)); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

// A sidecar that is not root says which files it may not read.
func TestUnreadable(t *testing.T) {
	program := build(t)
	dir, err := os.MkdirTemp("", "unreadable") // which others may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	write(t, dir, map[string]string{"artifacts/a": "a", "artifacts/b": "b", "artifacts/folder/c": "c"})
	cmd := command(t, program, dir, "file://"+filepath.Join(dir, "bucket"), blob.Credentials{})
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Chown(path, nobody, nobody))
		})
		if err := errors.Join(err, os.Chmod(filepath.Dir(program), 0o755), os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"b", "folder"} {
		if err := os.Chmod(filepath.Join(dir, "artifacts", name), 0); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if err := os.Chmod(filepath.Join(dir, "artifacts", "folder"), 0o700); err != nil { // to be removed
		t.Fatal(err)
	}
	got := stored(t, "file://"+filepath.Join(dir, "bucket"), blob.Credentials{})
	if got["artifacts/a"] != "a" || got["artifacts/b"] != "" || got["artifacts/folder/c"] != "" {
		t.Errorf("bucket: got %v, want a alone", got)
	}
	for _, name := range []string{"artifacts/b", "artifacts/folder"} {
		if text, _ := json.Marshal(name); !strings.Contains(got["finished.json"], string(text)) {
			t.Errorf("finished.json does not name %s: %s", name, got["finished.json"])
		}
	}
}

// Others write into the run's folder, while it runs.
func TestFolder(t *testing.T) {
	o := bucketOptions(t)
	o.SubDir = "sub"
	open := func(o *options.Upload, spec *jobspec.Spec) (*upload.Uploader, *blob.Bucket, string) {
		t.Helper()
		uploader, err := upload.New(o, nil, noSleep(t), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		// Its bucket lives longer than the context with which it was opened.
		ctx, cancel := context.WithCancel(t.Context())
		bucket, dir, err := uploader.Folder(ctx, spec)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		return uploader, bucket, dir
	}
	uploader, bucket, dir := open(o, presubmit())
	if err := bucket.Write(t.Context(), dir+"/x", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := uploader.Run(t.Context(), presubmit()); err != nil {
		t.Fatal(err)
	}
	if again, _, err := uploader.Folder(t.Context(), presubmit()); again != bucket || err != nil {
		t.Errorf("the second time: got another bucket, error %v", err)
	}
	if err := errors.Join(uploader.Close(), uploader.Close()); err != nil {
		t.Error(err)
	}
	if got := objects(t, o)[runDir+"/sub/x"].Content; got != "x" {
		t.Errorf("got %q in the run's folder, want x", got)
	}
	o.DryRun = true
	if _, bucket, dir := open(o, presubmit()); bucket != nil || dir != runDir+"/sub" {
		t.Errorf("dry run: got bucket %v and folder %s", bucket, dir)
	}
	o.DryRun, o.LocalOutputDir = false, t.TempDir()
	if _, bucket, dir := open(o, presubmit()); bucket != nil || dir != "sub" {
		t.Errorf("local folder: got bucket %v and folder %s", bucket, dir)
	}
}

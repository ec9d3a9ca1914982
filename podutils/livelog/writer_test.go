// SPDX-License-Identifier: Apache-2.0

package livelog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

const dir = "logs/unit/17"

// job is a job's log, and its copy in a bucket.
type job struct {
	*livelog.Writer
	path    string
	bucket  *blob.Bucket
	secrets *censor.Secrets
}

func newJob(t *testing.T, bucket *blob.Bucket, secrets ...string) *job {
	t.Helper()
	j := &job{path: filepath.Join(t.TempDir(), "log.txt"), bucket: bucket}
	j.know(secrets...)
	j.Writer = livelog.NewWriter(bucket, dir, "build-log.txt", j.source())
	return j
}

func (j *job) source() livelog.Source {
	return livelog.Source{
		Open:    func() (livelog.File, error) { return os.Open(j.path) },
		Secrets: func() *censor.Secrets { return j.secrets },
	}
}

// know says which secrets there are now.
func (j *job) know(secrets ...string) {
	var values []censor.Value
	for _, secret := range secrets {
		values = append(values, censor.Value{Name: "secret", Text: secret})
	}
	j.secrets = censor.New(values, censor.Options{})
}

func (j *job) write(t *testing.T, text string) {
	t.Helper()
	file, err := os.OpenFile(j.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func (j *job) update(t *testing.T) {
	t.Helper()
	if err := j.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// wants compares the live log.
func (j *job) wants(t *testing.T, want string) {
	t.Helper()
	if got := read(t, j.bucket, "build-log.txt", 0); got != want {
		t.Errorf("the live log is %s, want %s", shown(got), shown(want))
	}
}

// shown is text that can be looked at.
func shown(text string) string {
	if len(text) > 200 {
		return fmt.Sprintf("%d bytes, %.80q … %q", len(text), text, text[len(text)-80:])
	}
	return fmt.Sprintf("%q", text)
}

func read(t *testing.T, bucket *blob.Bucket, name string, from int64) string {
	t.Helper()
	log, err := livelog.Open(t.Context(), bucket, dir, name)
	if errors.Is(err, blob.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := log.Copy(t.Context(), &got, from); err != nil {
		t.Fatal(err)
	}
	if int64(got.Len()) != max(0, log.Size-from) {
		t.Errorf("from %d on, %d bytes were read of a log of %d", from, got.Len(), log.Size)
	}
	return got.String()
}

// objects are the times of all objects of the run, by their names.
func objects(t *testing.T, bucket *blob.Bucket) map[string]time.Time {
	t.Helper()
	found := map[string]time.Time{}
	for object, err := range bucket.List(t.Context(), dir+"/", "") {
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(object.Key, dir+"/")] = object.ModTime
	}
	return found
}

func fileBucket(t testing.TB) *blob.Bucket { return open(t, "file://"+t.TempDir(), blob.Credentials{}) }

func open(t testing.TB, url string, c blob.Credentials) *blob.Bucket {
	t.Helper()
	bucket, err := blob.OpenWithCredentials(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	return bucket
}

// kinds are a bucket of each kind.
func kinds(t *testing.T) map[string]*blob.Bucket {
	s3, credentials := blobtest.S3(t)
	return map[string]*blob.Bucket{
		"file": fileBucket(t),
		"s3":   open(t, s3, credentials),
		"gs":   open(t, blobtest.GCS(t), blob.Credentials{}),
	}
}

// lines are so many bytes that nowhere look the same.
func lines(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()[:size]
}

// What a job writes is in the bucket after each update, in few objects, of which
// only the last is ever written again.
func TestGrowingLog(t *testing.T) {
	for kind, bucket := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			j := newJob(t, bucket)
			whole := lines(3 << 20)
			before := map[string]time.Time{}
			for _, end := range []int{1, 1, 100, 128<<10 - 1, 128 << 10, 128<<10 + 1, 700_000, 3 << 20} {
				j.write(t, whole[len(fileText(t, j.path)):end])
				j.update(t)
				j.wants(t, whole[:end])
				now := objects(t, bucket)
				for name, at := range before {
					if !at.Equal(now[name]) && len(now) > len(before) && name != last(before) {
						t.Errorf("with %d bytes, chunk %s was written again", end, name)
					}
				}
				before = now
			}
			if len(before) > 18 {
				t.Errorf("there are %d chunks", len(before))
			}
			if _, ok := before["build-log.txt.live/000000000131072"]; !ok {
				t.Errorf("no chunk begins at 128 KiB: %v", before)
			}
			for _, from := range []int64{1, 128<<10 - 1, 128 << 10, 1 << 20, 3<<20 - 1, 3 << 20, 4 << 20} {
				if got, want := read(t, bucket, "build-log.txt", from), whole[min(from, 3<<20):]; got != want {
					t.Errorf("from %d on, the log is %s, want %s", from, shown(got), shown(want))
				}
			}
			if err := j.Remove(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := objects(t, bucket); len(left) > 0 {
				t.Errorf("left after removal: %v", left)
			}
		})
	}
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

func last(chunks map[string]time.Time) string {
	var found string
	for name := range chunks {
		found = max(found, name)
	}
	return found
}

// Without output nothing is written.
func TestNoOutput(t *testing.T) {
	j := newJob(t, fileBucket(t))
	j.update(t)
	j.write(t, "")
	j.update(t)
	if got := objects(t, j.bucket); len(got) > 0 {
		t.Errorf("an empty log is stored: %v", got)
	}
	if err := j.Remove(t.Context()); err != nil {
		t.Error(err)
	}
}

// No part of a secret is stored, wherever it begins and however slowly it comes.
func TestSecretsBetween(t *testing.T) {
	const secret = "s3cr3t-t0ken"
	for _, at := range []int{0, 128<<10 - len(secret), 128<<10 - 5, 128<<10 - 1, 128 << 10, 64<<10 - 3} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			j := newJob(t, fileBucket(t), secret)
			j.write(t, lines(at)+secret[:5])
			j.update(t)
			if got := read(t, j.bucket, "build-log.txt", 0); got != lines(at) {
				t.Errorf("half a secret was stored: %s", shown(got))
			}
			j.write(t, secret[5:]+" end\n")
			j.update(t)
			j.wants(t, lines(at)+"XXXXXXXXXXXX end\n")
		})
	}
}

// Secrets that are learned of late are taken out of what was stored already, too.
func TestNewSecrets(t *testing.T) {
	j := newJob(t, fileBucket(t))
	j.write(t, lines(200<<10)+"no secrets yet: first-secret first-")
	j.update(t)
	j.know("first-secret")
	j.write(t, "secret second-")
	j.update(t)
	j.wants(t, lines(200<<10)+"no secrets yet: XXXXXXXXXXXX XXXXXXXXXXXX second-")
	j.know("first-secret", "second-secret")
	j.write(t, "secret\n")
	j.update(t)
	j.wants(t, lines(200<<10)+"no secrets yet: XXXXXXXXXXXX XXXXXXXXXXXX XXXXXXXXXXXXX\n")
}

// A job may do anything to its log.
func TestOddLogs(t *testing.T) {
	for name, test := range map[string]struct {
		change func(path string) error
		want   string
	}{
		"cut off": {func(path string) error { return os.WriteFile(path, []byte("new"), 0o600) }, "long before\nnew"},
		"replaced": {func(path string) error {
			return errors.Join(os.WriteFile(path+"2", []byte("a longer one\n"), 0o600), os.Rename(path+"2", path))
		}, "long before\na longer one\n"},
		"removed":  {os.Remove, "long before\n"},
		"a folder": {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "long before\n"},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJob(t, fileBucket(t))
			j.write(t, "long before\n")
			j.update(t)
			if err := test.change(j.path); err != nil {
				t.Fatal(err)
			}
			_ = j.Update(t.Context()) // it may fail
			j.wants(t, test.want)
		})
	}
}

// What could not be stored is stored when the bucket works again.
func TestFailingBucket(t *testing.T) {
	j := newJob(t, fileBucket(t))
	const inTheWay = dir + "/build-log.txt.live"
	if err := j.bucket.Create(t.Context(), inTheWay, nil); err != nil {
		t.Fatal(err)
	}
	whole := lines(1 << 20)
	j.write(t, whole)
	for range 3 {
		if err := j.Update(t.Context()); err == nil {
			t.Fatal("nothing is wrong though nothing can be stored")
		}
	}
	if err := j.bucket.Delete(t.Context(), inTheWay); err != nil {
		t.Fatal(err)
	}
	j.update(t)
	j.wants(t, whole)
}

// What an earlier sidecar of the same run left is no part of the log.
func TestLeftovers(t *testing.T) {
	bucket := fileBucket(t)
	before := newJob(t, bucket)
	before.write(t, lines(300<<10))
	before.update(t)
	j := newJob(t, bucket)
	j.write(t, "anew\n")
	j.update(t)
	j.wants(t, "anew\n")
}

func BenchmarkUpdate(b *testing.B) {
	path := filepath.Join(b.TempDir(), "log.txt")
	text := lines(16 << 20)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	secrets := censor.New([]censor.Value{{Name: "secret", Text: "s3cr3t-t0ken"}}, censor.Options{})
	bucket := open(b, "mem://", blob.Credentials{})
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		w := livelog.NewWriter(bucket, dir, "build-log.txt", livelog.Source{
			Open:    func() (livelog.File, error) { return os.Open(path) },
			Secrets: func() *censor.Secrets { return secrets },
		})
		if err := w.Update(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLogOf(t *testing.T) {
	got := map[string]string{}
	for _, object := range []string{
		"build-log.txt.live/000000000131072", "a-build-log.txt.live/000000000000000", "build-log.txt", "build-log.txt.live", "build-log.txt.live/1",
		"build-log.txt.live/-00000000000001", "build-log.txt.live/x/000000000000000", "artifacts/x.live/000000000000000",
	} {
		if log, ok := livelog.LogOf(object); ok {
			got[object] = log
		}
	}
	want := map[string]string{
		"build-log.txt.live/000000000131072": "build-log.txt", "a-build-log.txt.live/000000000000000": "a-build-log.txt",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package upload_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// build builds the sidecar as its image has it.
func build(tb testing.TB) (program string) {
	tb.Helper()
	program = filepath.Join(tb.TempDir(), "sidecar")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-tags", "disable_grpc_modules", "-ldflags", "-s -w", "-o", program, "../../cmd/sidecar")
	if output, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, output)
	}
	return program
}

// command is the sidecar of a pod that has ended, with the artifacts in dir.
func command(tb testing.TB, program, dir, bucket string, c blob.Credentials) *exec.Cmd {
	tb.Helper()
	for name, text := range map[string]string{"marker": "0", "log": "hello\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	text, err := json.Marshal(options.Sidecar{
		GCSOptions: &options.Upload{
			Items: []string{filepath.Join(dir, "artifacts")}, S3CredentialsFile: c.S3File,
			GCSConfiguration: &prowv1.GCSConfiguration{Bucket: bucket, PathStrategy: prowv1.PathStrategyExplicit},
		},
		Entries: []wrapper.Options{{
			Args: []string{"true"}, ProcessLog: filepath.Join(dir, "log"), MarkerFile: filepath.Join(dir, "marker"),
		}},
		CensoringOptions: &options.Censoring{},
	})
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), program)
	cmd.Env = append(os.Environ(), options.SidecarEnv+"="+string(text), `JOB_SPEC={"type":"periodic","job":"p","buildid":"1"}`)
	return cmd
}

// A sidecar that is killed while it uploads leaves to the next one what is missing,
// and nothing else.
func TestKilled(t *testing.T) {
	program := build(t)
	for kind, open := range map[string]func() (string, blob.Credentials){
		"s3": func() (string, blob.Credentials) { return blobtest.S3(t) },
		"gs": func() (string, blob.Credentials) { return blobtest.GCS(t), blob.Credentials{} },
	} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			const large = "artifacts/0-large" // in parts
			want := map[string]string{large: strings.Repeat("large,", 2_000_000)}
			for i := range 200 {
				want[fmt.Sprintf("artifacts/%d/%03d.txt", i%3, i)] = strings.Repeat(fmt.Sprint(i), 5_000)
			}
			write(t, dir, want)
			bucket, c := open()

			reached, killed := make(chan struct{}), make(chan struct{})
			var first nth
			through, c2 := blobtest.Between(t, bucket, c, func(r blobtest.Request) (none blobtest.Fault) {
				if !strings.HasPrefix(r.Writes, "logs/p/1/artifacts/") {
					return none
				}
				if r.Writes == "logs/p/1/"+large {
					return none
				}
				if _, ofAll := first.write(r.Writes); ofAll == 100 {
					waitFor(t, bucket, c, "logs/p/1/"+large)
					close(reached)
				} else if ofAll < 100 {
					return none
				}
				<-killed
				return blobtest.Fault{Cut: 1}
			})
			cmd := command(t, program, dir, through, c2)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-reached
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			close(killed)

			there := stored(t, bucket, c)
			if len(there) < 50 || len(there) > 101 || there["finished.json"] != "" {
				t.Fatalf("after the kill: got %d objects, want less than 100 and no finished.json", len(there))
			}
			const changed = "artifacts/0/003.txt" // of the same length
			if _, ok := there[changed]; !ok {
				t.Fatalf("%s was not stored", changed)
			}
			want[changed] = strings.Repeat("4", 5_000)
			write(t, dir, map[string]string{changed: want[changed]})

			var second nth
			through, c2 = blobtest.Between(t, bucket, c, func(r blobtest.Request) (none blobtest.Fault) {
				if r.Writes != "" {
					second.write(r.Writes)
				}
				return none
			})
			cmd = command(t, program, dir, through, c2)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			for key := range second.of {
				name := strings.TrimPrefix(key, "logs/p/1/")
				if _, ok := there[name]; ok && name != changed && strings.HasPrefix(name, "artifacts/") {
					t.Errorf("%s was sent again", name)
				}
			}
			if last := slices.Collect(maps.Keys(second.of)); second.keys[len(second.keys)-1] != "logs/p/1/finished.json" {
				t.Errorf("the last of %d objects is %s, want finished.json", len(last), second.keys[len(second.keys)-1])
			}
			got := stored(t, bucket, c)
			for _, name := range []string{"finished.json", "sidecar-logs.json"} { // of this run
				if got[name] == "" {
					t.Errorf("there is no %s", name)
				}
				delete(got, name)
			}
			want["build-log.txt"] = "hello\n"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("in the bucket (-want +got):\n%s", short(diff))
			}
			t.Logf("%d of %d artifacts were there, and %d requests finished the rest", len(there), len(want), second.sum)
		})
	}
}

// waitFor waits until the bucket has the object.
func waitFor(t *testing.T, url string, c blob.Credentials, key string) {
	t.Helper()
	bucket, err := blob.OpenWithCredentials(t.Context(), url, c)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = bucket.Close() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 6_000 {
		if ok, err := bucket.Exists(t.Context(), key); ok || err != nil {
			return
		}
		<-tick.C
	}
	t.Errorf("%s was not stored", key)
}

// discard is a server that takes all objects of an S3 or GCS bucket, and keeps none.
func discard(tb testing.TB) (host string, bytes *atomic.Int64) {
	tb.Helper()
	bytes = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body) // what is broken is noticed by the client
		if strings.Contains(r.URL.Path, "/artifacts/") || strings.Contains(r.URL.RawQuery, "upload_id") || strings.Contains(r.URL.RawQuery, "%2Fartifacts%2F") {
			bytes.Add(n)
		}
		query := r.URL.Query()
		switch {
		case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/storage/"):
			_, _ = io.WriteString(w, "{}")
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, "<ListBucketResult/>")
		case query.Get("uploadType") == "resumable" && !query.Has("upload_id"):
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?upload_id=1")
		case strings.HasSuffix(r.Header.Get("Content-Range"), "/*"):
			w.Header().Set("X-Http-Status-Code-Override", "308")
		case strings.HasPrefix(r.URL.Path, "/upload/"):
			_, _ = io.WriteString(w, `{"bucket":"bucket","name":"x"}`)
		case query.Has("uploads"):
			_, _ = io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
		case query.Has("uploadId") && r.Method == http.MethodPost:
			_, _ = io.WriteString(w, "<CompleteMultipartUploadResult/>")
		default:
			w.Header().Set("ETag", `"1"`)
		}
	}))
	tb.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), bytes
}

// discarding are buckets that keep nothing.
func discarding(tb testing.TB, kind string) (bucket string, c blob.Credentials, bytes *atomic.Int64) {
	tb.Helper()
	host, bytes := discard(tb)
	if kind == "gs" {
		return "gs://bucket?endpoint=http://" + host, c, bytes
	}
	c.S3File = filepath.Join(tb.TempDir(), "s3.json")
	text := fmt.Sprintf(`{"region":"us-east-1","endpoint":%q,"insecure":true,"s3_force_path_style":true,"access_key":"a","secret_key":"s"}`, host)
	if err := os.WriteFile(c.S3File, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return "s3://bucket", c, bytes
}

// peak runs the program, and returns the most memory that it had, in bytes.
func peak(tb testing.TB, cmd *exec.Cmd) (bytes int64) {
	tb.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				tb.Fatalf("%v\n%s", err, stderr.String())
			}
			return bytes
		case <-tick.C:
			bytes = max(bytes, highWater(cmd.Process.Pid))
		}
	}
}

// highWater is the most memory that a process has had until now.
func highWater(pid int) int64 {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it has ended
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// artifacts are many small files and some large ones, which take no room on the disk.
func artifacts(tb testing.TB, many int, large ...int64) (dir string, bytes int64) {
	tb.Helper()
	dir = tb.TempDir()
	const size = 1 << 10
	if err := os.MkdirAll(filepath.Join(dir, "artifacts", "many"), 0o700); err != nil {
		tb.Fatal(err)
	}
	for i := range many {
		if err := os.WriteFile(filepath.Join(dir, "artifacts", "many", fmt.Sprintf("file-%06d.txt", i)), make([]byte, size), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	bytes = int64(many) * size
	for i, size := range large {
		path := filepath.Join(dir, "artifacts", fmt.Sprintf("large-%d", i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			tb.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			tb.Fatal(err)
		}
		bytes += size
	}
	return dir, bytes
}

// maxMemory is what the sidecar may need, whatever the job leaves.
const maxMemory = 64 << 20

func TestMemory(t *testing.T) {
	program := build(t)
	for _, kind := range []string{"s3", "gs"} {
		t.Run(kind, func(t *testing.T) {
			dir, bytes := artifacts(t, 5_000, 512<<20, 50<<20, 50<<20, 50<<20)
			bucket, c, arrived := discarding(t, kind)
			used := peak(t, command(t, program, dir, bucket, c))
			if used > maxMemory {
				t.Errorf("it took %d MiB, want at most %d", used>>20, maxMemory>>20)
			}
			if got := arrived.Load(); got < bytes {
				t.Errorf("%d bytes arrived, want %d", got, bytes)
			}
			t.Logf("%d MiB for %d MiB of artifacts", used>>20, bytes>>20)
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package upload_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// BenchmarkUpload uploads 10,000 artifacts of 10 KiB, and does the same with a plain
// loop, by as many workers: ratio is how many times as long ours takes.
func BenchmarkUpload(b *testing.B) {
	dir := b.TempDir()
	content := bytes.Repeat([]byte("0123456789abcdef"), 640)
	for i := range 10_000 {
		path := filepath.Join(dir, "artifacts", fmt.Sprint(i%100), fmt.Sprintf("%d.txt", i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			b.Fatal(err)
		}
	}
	url, c := blobtest.S3(b)
	bucket, err := blob.OpenWithCredentials(b.Context(), url, c)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = bucket.Close() }()
	copied := 0
	for name, kind := range map[string]struct {
		config prowv1.GCSConfiguration
		plain  func(from, name string) error
	}{
		"folder":      {prowv1.GCSConfiguration{LocalOutputDir: b.TempDir()}, copyFile(b.TempDir(), false)},
		"file-bucket": {prowv1.GCSConfiguration{Bucket: "file://" + b.TempDir()}, copyFile(b.TempDir(), true)},
		"s3-bucket": {prowv1.GCSConfiguration{Bucket: url}, func(from, name string) error {
			data, err := os.ReadFile(from)
			return errors.Join(err, bucket.Write(b.Context(), fmt.Sprintf("plain/%d/%s", copied, name), data, nil))
		}},
	} {
		b.Run(name, func(b *testing.B) {
			kind.config.PathStrategy = prowv1.PathStrategyExplicit
			o := &options.Upload{Items: []string{filepath.Join(dir, "artifacts")}, S3CredentialsFile: c.S3File, GCSConfiguration: &kind.config}
			var ours, plain time.Duration
			for b.Loop() {
				copied++
				begin := time.Now()
				plainLoop(b, filepath.Join(dir, "artifacts"), kind.plain)
				plain += time.Since(begin)
				begin = time.Now()
				uploadAll(b, o, fmt.Sprint(copied))
				ours += time.Since(begin)
			}
			b.ReportMetric(ours.Seconds()/float64(b.N), "ours-s/op")
			b.ReportMetric(plain.Seconds()/float64(b.N), "plain-s/op")
			b.ReportMetric(ours.Seconds()/plain.Seconds(), "ratio")
		})
	}
}

func uploadAll(b *testing.B, o *options.Upload, buildID string) {
	b.Helper()
	uploader, err := upload.New(o, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	spec := periodic()
	spec.BuildID = buildID
	report, err := uploader.Run(b.Context(), spec)
	if err := errors.Join(err, uploader.Close()); err != nil || report.Stored < 10_000 {
		b.Fatalf("got %+v and error %v", report, err)
	}
}

// plainLoop gives each file to one of four workers.
func plainLoop(b *testing.B, dir string, each func(from, name string) error) {
	b.Helper()
	var workers errgroup.Group
	workers.SetLimit(4)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		workers.Go(func() error { return each(path, name) })
		return err
	})
	if err := errors.Join(err, workers.Wait()); err != nil {
		b.Fatal(err)
	}
}

// copyFile copies into a folder, and to disk if told so.
func copyFile(dir string, sync bool) func(from, name string) error {
	return func(from, name string) error {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		out, err := os.Create(to)
		if err != nil {
			return errors.Join(err, in.Close())
		}
		_, err = io.Copy(out, in)
		if sync {
			err = errors.Join(err, out.Sync())
		}
		return errors.Join(err, out.Close(), in.Close())
	}
}

// BenchmarkMemory is what the sidecar needs for 100,000 files, and for one of 20 GiB.
func BenchmarkMemory(b *testing.B) {
	program := build(b)
	for _, kind := range []string{"s3", "gs"} {
		for name, of := range map[string]struct {
			many  int
			large []int64
		}{"many": {many: 100_000}, "large": {large: []int64{20 << 30}}} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				dir, _ := artifacts(b, of.many, of.large...)
				bucket, c, _ := discarding(b, kind)
				var used int64
				for b.Loop() {
					used = max(used, peak(b, command(b, program, dir, bucket, c)))
				}
				b.ReportMetric(float64(used)/(1<<20), "MiB")
			})
		}
	}
}

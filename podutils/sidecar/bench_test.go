// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/sidecar"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// endedPod is a pod whose process has ended, with a small log, an artifact and a secret.
func endedPod(b *testing.B) options.Sidecar {
	b.Helper()
	dir := b.TempDir()
	for name, text := range map[string]string{
		"log.txt": strings.Repeat("hello\n", 1000), "artifacts/a.txt": strings.Repeat("artifact\n", 100), "secrets/token": "s3cr3t-value", "marker.txt": "0",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return options.Sidecar{
		GCSOptions: &options.Upload{
			Items:            []string{filepath.Join(dir, "artifacts")},
			GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "file://" + filepath.Join(dir, "bucket"), PathStrategy: prowv1.PathStrategyExplicit},
		},
		Entries: []wrapper.Options{{
			ProcessLog: filepath.Join(dir, "log.txt"), MarkerFile: filepath.Join(dir, "marker.txt"), MetadataFile: filepath.Join(dir, "artifacts/metadata.json"),
		}},
		CensoringOptions: &options.Censoring{SecretDirectories: []string{filepath.Join(dir, "secrets")}},
	}
}

// BenchmarkEnded is what a job waits for after its end, without starting the program.
func BenchmarkEnded(b *testing.B) {
	o := endedPod(b)
	var spec jobspec.Spec
	if err := json.Unmarshal([]byte(presubmit), &spec); err != nil {
		b.Fatal(err)
	}
	own, err := os.Create(filepath.Join(b.TempDir(), "own.json"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = own.Close() }() // nothing is read of it
	b.ReportAllocs()
	for b.Loop() {
		_, err := sidecar.Run(b.Context(), &o, &spec, sidecar.Environment{
			Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			OwnLog: own, Log: command.Logger("sidecar", io.Discard, slog.LevelDebug),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProgram is the same with the start of the program, and without a bucket's
// waiting for the disk.
func BenchmarkProgram(b *testing.B) {
	program := filepath.Join(b.TempDir(), "sidecar")
	build := exec.CommandContext(b.Context(), "go", "build", "-tags", "disable_grpc_modules", "-o", program, "../../cmd/sidecar")
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	bucket, folder := endedPod(b), endedPod(b)
	folder.GCSOptions.LocalOutputDir = b.TempDir()
	for name, o := range map[string]options.Sidecar{"bucket": bucket, "folder": folder} {
		b.Run(name, func(b *testing.B) {
			text, err := json.Marshal(o)
			if err != nil {
				b.Fatal(err)
			}
			var used time.Duration
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), program)
				cmd.Env = append(os.Environ(), options.SidecarEnv+"="+string(text), "JOB_SPEC="+presubmit)
				if output, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, output)
				}
				used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

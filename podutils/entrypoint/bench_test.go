// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// BenchmarkTrue is what a job costs that does nothing, beside what it costs to
// start that at all.
func BenchmarkTrue(b *testing.B) {
	program := build(b)
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			if err := exec.CommandContext(b.Context(), "/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("entrypoint", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			command := exec.CommandContext(b.Context(), program)
			command.Env = around(b, "/bin/true") // in a folder that is empty, as a pod's
			b.StartTimer()
			if err := command.Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOutput is how fast a job's output is kept, and given to a reader of
// stdout, beside a pipe into a file.
func BenchmarkOutput(b *testing.B) {
	const size = 256 << 20
	program := build(b)
	job := "yes | head -c " + strconv.Itoa(size)
	b.Run("pipe", func(b *testing.B) {
		b.SetBytes(size)
		script := "(" + job + ") | cat > " + filepath.Join(b.TempDir(), "log")
		for b.Loop() {
			if err := exec.CommandContext(b.Context(), "sh", "-c", script).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("entrypoint", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			b.StopTimer()
			command := exec.CommandContext(b.Context(), program)
			command.Env, command.Stderr = around(b, "sh", "-c", job), os.Stderr
			b.StartTimer()
			stdout, err := command.StdoutPipe()
			if err != nil {
				b.Fatal(err)
			}
			if err := command.Start(); err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, stdout)
			if err != nil || n != size {
				b.Fatalf("stdout got %d bytes (%v), want %d", n, err, size)
			}
			if err := command.Wait(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// around is the environment of the program when it wraps args.
func around(b *testing.B, args ...string) []string {
	b.Helper()
	dir := b.TempDir()
	text, err := json.Marshal(wrapper.Entrypoint{
		ArtifactDir: filepath.Join(dir, "artifacts"),
		Options: wrapper.Options{
			Args: args, ContainerName: "test",
			ProcessLog: filepath.Join(dir, "process-log.txt"), MarkerFile: filepath.Join(dir, "marker-file.txt"),
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	return append(os.Environ(), wrapper.EntrypointEnv+"="+string(text))
}

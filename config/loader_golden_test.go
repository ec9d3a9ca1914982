// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// kubernetes is a copy of the largest real configuration, and its job files.
func kubernetes(tb testing.TB) (Files, []string) {
	tb.Helper()
	dir := tb.TempDir()
	golden := filepath.Join(goldens.Dir(tb), "k8s-test-infra")
	if err := os.CopyFS(filepath.Join(dir, "jobs"), os.DirFS(filepath.Join(golden, "jobs"))); err != nil {
		tb.Fatal(err)
	}
	files := Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs")}
	text, err := os.ReadFile(filepath.Join(golden, "config.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(files.Config, text, 0o644); err != nil {
		tb.Fatal(err)
	}
	names, err := document.Find(files.Jobs, document.IsYAML)
	if err != nil {
		tb.Fatal(err)
	}
	return files, names
}

// rewrite changes the text of a file.
func rewrite(tb testing.TB, name string, change func([]byte) []byte) {
	tb.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.Remove(name); err != nil { // It may be read-only.
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, change(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// TestReloadGolden makes changes here and there to Kubernetes' configuration. Many
// are mistakes, which stay until the file is changed again.
func TestReloadGolden(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	files, names := kubernetes(t)
	f := &follow{loader: newLoader(files), dir: filepath.Dir(files.Config)}
	f.step(t)
	for range 8 {
		var changed []string
		for range 1 + random.IntN(3) {
			name := names[random.IntN(len(names))]
			changed = append(changed, name)
			rewrite(t, name, func(text []byte) []byte {
				lines := bytes.SplitAfter(text, []byte("\n"))
				at := random.IntN(len(lines))
				switch random.IntN(4) {
				case 0:
					return bytes.Join(slices.Insert(lines, at, []byte("# A comment.\n")), nil)
				case 1:
					return bytes.Join(slices.Delete(lines, at, min(at+1, len(lines))), nil)
				case 2:
					return bytes.Join(lines[:at], nil)
				default:
					return bytes.ReplaceAll(text, []byte("1"), []byte("2"))
				}
			})
		}
		if f.step(t); t.Failed() {
			t.Fatalf("after changes of %v", changed)
		}
	}
	f.unchanged(t)
}

// BenchmarkReloadOneJobFile loads Kubernetes' configuration again after one of its
// job files, of middling size, has changed. BenchmarkLoadKubernetes is the first load.
func BenchmarkReloadOneJobFile(b *testing.B) {
	files, names := kubernetes(b)
	sizes := map[string]int64{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			b.Fatal(err)
		}
		sizes[name] = info.Size()
	}
	slices.SortFunc(names, func(a, b string) int { return int(sizes[a] - sizes[b]) })
	name := names[len(names)/2]
	l := newLoader(files)
	if _, err := l.load(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		rewrite(b, name, func(text []byte) []byte { return fmt.Appendf(text, "# %d\n", n) })
		before := l.kept[name]
		b.StartTimer()
		if _, err := l.load(b.Context()); err != nil {
			b.Fatal(err)
		}
		if l.kept[name] == before {
			b.Fatal("the file was not read again")
		}
	}
}

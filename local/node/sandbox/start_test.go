// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"os"
	"testing"

	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

// BenchmarkStart measures a whole container: from its start to its end and the
// removal of its files.
func BenchmarkStart(b *testing.B) {
	isolation, err := sandbox.Probe(b.Context(), "/proc/self/exe")
	if err != nil {
		b.Skip(err)
	}
	launcher := sandbox.NewLauncher("/proc/self/exe")
	defer launcher.Close()
	for b.Loop() {
		dir := b.TempDir()
		p, err := launcher.Start(sandbox.Spec{Isolation: isolation, Dir: dir, Args: []string{"true"}}, nil, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Wait(); err != nil {
			b.Fatal(err)
		}
		if err := sandbox.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
}

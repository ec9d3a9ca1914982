// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// figures are what the stories measured, in the order in which they did.
type figures struct {
	mu   sync.Mutex
	rows [][3]string
}

// newFigures returns a table that is written into the folder E2E_DIR when the test
// ends; without one it is printed.
func newFigures(t *testing.T) *figures {
	f := &figures{}
	t.Cleanup(func() {
		load, err := os.ReadFile("/proc/loadavg")
		if err != nil {
			t.Error(err)
		}
		f.note(t, "load of the machine in the end", strings.TrimSpace(string(load)), "")
		dir := os.Getenv("E2E_DIR")
		if dir == "" {
			t.Logf("figures:\n%s", f)
			return
		}
		if err := os.WriteFile(filepath.Join(dir, "figures.txt"), []byte(f.String()), 0o644); err != nil {
			t.Error(err)
		}
	})
	return f
}

// note adds a row: what was measured, what came out, and what we aim at, if we do.
func (f *figures) note(t *testing.T, what, value, aim string) {
	t.Helper()
	t.Logf("%s: %s", what, value)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, [3]string{what, value, aim})
}

func (f *figures) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tmeasured\taim")
	for _, row := range f.rows {
		fmt.Fprintf(table, "%s\t%s\t%s\n", row[0], row[1], row[2])
	}
	_ = table.Flush() // into memory
	return out.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

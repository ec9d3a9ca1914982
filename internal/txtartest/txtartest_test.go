// SPDX-License-Identifier: Apache-2.0

package txtartest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUpdate makes an archive what it should be, which then it is.
func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txtar")
	if err := os.WriteFile(name, []byte("Hello.\n-- in/file --\ntext\n-- want.old --\nold\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := func(t *testing.T, comment string) map[string]string {
		t.Helper()
		text, err := os.ReadFile("in/file")
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"want.old": comment, "want.new": string(text)}
	}
	before := fmt.Sprint(Update())
	set := func(value string) {
		if err := flag.Set(updateFlag, value); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { set(before) })
	for _, value := range []string{"true", "false"} {
		set(value)
		Run(t, filepath.Join(dir, "*.txtar"), got)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Hello.\n-- in/file --\ntext\n-- want.old --\nHello.\n-- want.new --\ntext\n", string(text)); diff != "" {
		t.Errorf("the archive (-want +got):\n%s", diff)
	}
}

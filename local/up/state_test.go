// SPDX-License-Identifier: Apache-2.0

package up

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestState takes a folder, cleans only what is ours, and lets others know
// whether a machine runs with it.
func TestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	s := takeState(t, dir)
	write(t, dir, "of-the-first-run", "")
	want := Connection{Forge: "http://127.0.0.1:1", Org: "org", Repo: "repo", Tokens: map[string]string{Member: "token"}}
	if err := s.writeConnection(want); err != nil {
		t.Fatal(err)
	}
	got, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if info, err := os.Stat(filepath.Join(dir, connectionFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the tokens has mode %v (%v), want only its owner to read it", info.Mode(), err)
	}

	wantError(t, dir, "another cutwater is running with the state folder "+dir)
	s.forgetConnection()
	s.close()
	if _, err := Connect(dir); err == nil || !strings.HasPrefix(err.Error(), "no machine is up in "+dir) {
		t.Errorf("after the end: got %v", err)
	}
	takeState(t, dir).close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != stateMarker {
		t.Errorf("the next run finds %v (%v), want only the mark", entries, err)
	}
}

// Nothing is removed from a folder that is somebody's, and a folder that cannot
// be written is said to be so.
func TestStateOfOthers(t *testing.T) {
	home := t.TempDir()
	letter := write(t, home, "letter", "dear")
	wantError(t, home, home+" holds files that are not Cutwater's")
	if _, err := os.Stat(letter); err != nil {
		t.Error(err)
	}
	wantError(t, letter, "the state folder cannot be made")
	wantError(t, "/proc/cutwater", "the state folder cannot be made")
}

func takeState(t *testing.T, dir string) *state {
	t.Helper()
	s, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantError(t *testing.T, dir, want string) {
	t.Helper()
	if _, err := openState(dir); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: got %v, want one line: %s", dir, err, want)
	}
}

// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A panic in one of the goroutines that read job files is an error of its file, and does not end the process.
func TestPanicInAJobFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "jobs.yaml")
	if err := os.WriteFile(name, []byte("periodics: []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := &loader{} // Without a decoder.
	parsed := l.readJobs(t.Context(), []string{name})
	if len(parsed) != 0 || len(l.errors) != 1 || l.errors[0].File != name || !strings.HasPrefix(l.errors[0].Message, "panic: ") {
		t.Errorf("got %v and %v", parsed, l.errors)
	}
}

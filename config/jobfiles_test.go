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
	files := l.readJobs(t.Context(), []string{name})
	if len(files) != 1 || len(files[0].errors) != 1 || files[0].errors[0].File != name || !strings.HasPrefix(files[0].errors[0].Message, "panic: ") {
		t.Errorf("got %+v", files)
	}
}

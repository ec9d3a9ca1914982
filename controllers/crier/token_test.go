// SPDX-License-Identifier: Apache-2.0

package crier_test

import (
	"os"
	"path/filepath"
	"testing"
)

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// SPDX-License-Identifier: Apache-2.0

// Package goldens finds and reads, for tests, real Prow configurations and
// what Prow makes of them. The data is not part of this repository.
package goldens

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Variable is the environment variable that names the folder.
const Variable = "CUTWATER_GOLDENS"

// Dir is the folder with the goldens: what Variable names, else ../shared/goldens beside the module's root.
// The test is skipped when there is none.
func Dir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv(Variable); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			tb.Fatalf("%s: %v", Variable, err)
		}
		return dir
	}
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "goldens")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("no goldens: %s is unset and %s is not there", Variable, dir)
	}
	return dir
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = parent
	}
}

// Lines decodes every line of a gzipped file of JSON lines into a T and hands it to each.
func Lines[T any](tb testing.TB, file string, each func(line T)) {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	scanner := bufio.NewScanner(unzipped)
	scanner.Buffer(nil, 64<<20)
	for n := 1; scanner.Scan(); n++ {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var line T
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			tb.Fatalf("%s:%d: %v", file, n, err)
		}
		each(line)
	}
	if err := scanner.Err(); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
}

// Map is v as the goldens have it: what JSON decodes into a map.
func Map(tb testing.TB, v any) map[string]any {
	tb.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		tb.Fatal(err)
	}
	return m
}

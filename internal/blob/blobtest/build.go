// SPDX-License-Identifier: Apache-2.0

// Package blobtest gives tests real servers of S3 and Google Cloud Storage's
// protocols, on this machine: versitygw and fake-gcs-server, built once from the
// module hack/testservers.
package blobtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/filelock"
)

// binary returns the program of that package, which hack/testservers pins. It is
// built into the user's cache when it is not there.
func binary(tb testing.TB, name, pkg string) string {
	tb.Helper()
	path, err := build(tb, name, pkg)
	if err != nil {
		tb.Fatalf("building %s: %v", name, err)
	}
	return path
}

func build(tb testing.TB, name, pkg string) (path string, err error) {
	module, err := testservers()
	if err != nil {
		return "", err
	}
	pins, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "cutwater", "bin")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(folder, fmt.Sprintf("%s-%x", name, sha256.Sum256(pins))[:len(name)+13])
	// Other test processes may be building the same.
	unlock, err := filelock.File(tb.Context(), path+".lock", "", io.Discard)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	// Not to tb's log, which shows only when all is over.
	fmt.Fprintf(os.Stderr, "building %s for tests: once, and a few minutes\n", name)
	command := exec.CommandContext(tb.Context(), "go", "build", "-C", module, "-trimpath", "-o", path+".new", pkg)
	command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return path, os.Rename(path+".new", path)
}

// testservers returns the folder hack/testservers of this repository.
func testservers() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		module := filepath.Join(dir, "hack", "testservers")
		if _, err := os.Stat(filepath.Join(module, "go.mod")); err == nil {
			return module, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no folder hack/testservers above the working directory")
		}
		dir = parent
	}
}

// SPDX-License-Identifier: Apache-2.0

package blobtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// bucketName is the one bucket each server has.
const bucketName = "bucket"

// S3 starts an S3 server for the test and returns the URL of an empty bucket on it,
// and what opens it.
func S3(tb testing.TB) (url string, c blob.Credentials) {
	tb.Helper()
	program := binary(tb, "versitygw", "github.com/versity/versitygw/cmd/versitygw")
	dir := tb.TempDir()
	// The server takes every folder of its root for a bucket.
	if err := os.MkdirAll(filepath.Join(dir, "root", bucketName), 0o755); err != nil {
		tb.Fatal(err)
	}
	address := start(tb, "/health", func(port string) *exec.Cmd {
		return exec.CommandContext(tb.Context(), program, "--quiet", "--health", "/health",
			"--port", "127.0.0.1:"+port, "--access", "access", "--secret", "secret",
			"posix", filepath.Join(dir, "root"))
	})
	credentials, err := json.Marshal(map[string]any{
		"region": "us-east-1", "endpoint": address, "insecure": true, "s3_force_path_style": true,
		"access_key": "access", "secret_key": "secret",
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.S3File = filepath.Join(dir, "s3.json")
	if err := os.WriteFile(c.S3File, credentials, 0o600); err != nil {
		tb.Fatal(err)
	}
	return "s3://" + bucketName, c
}

// GCS starts a Google Cloud Storage server for the test and returns the URL of an
// empty bucket on it.
func GCS(tb testing.TB) (url string) {
	tb.Helper()
	program := binary(tb, "fake-gcs-server", "github.com/fsouza/fake-gcs-server")
	address := start(tb, "/_internal/healthcheck", func(port string) *exec.Cmd {
		return exec.CommandContext(tb.Context(), program, "-scheme", "http", "-host", "127.0.0.1", "-port", port,
			"-public-host", "127.0.0.1:"+port, "-backend", "memory", "-log-level", "error")
	})
	body := strings.NewReader(fmt.Sprintf(`{"name":%q}`, bucketName))
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, "http://"+address+"/storage/v1/b?project=test", body)
	if err != nil {
		tb.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been seen
	if response.StatusCode != http.StatusOK {
		tb.Fatalf("making a bucket: got %s", response.Status)
	}
	return "gs://" + bucketName + "?endpoint=http://" + address
}

// start runs the server on a free port until the test ends, and returns its address
// when its health path answers.
func start(tb testing.TB, health string, command func(port string) *exec.Cmd) (address string) {
	tb.Helper()
	var output bytes.Buffer
	// Between finding a port and taking it, somebody else may.
	for range 3 {
		port := freePort(tb)
		cmd := command(port)
		cmd.Stdout, cmd.Stderr = &output, &output
		cmd.WaitDelay = time.Second
		if err := cmd.Start(); err != nil {
			tb.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait() // it is killed in the end
			close(ended)
		}()
		address = "127.0.0.1:" + port
		if healthy(tb.Context(), "http://"+address+health, ended) {
			tb.Cleanup(func() {
				_ = cmd.Process.Kill() // it may have ended with the test's context
				<-ended
			})
			return address
		}
		_ = cmd.Process.Kill() // it may have ended itself
		<-ended
	}
	tb.Fatalf("server does not start:\n%s", output.String())
	return ""
}

func freePort(tb testing.TB) string {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }() // nobody has connected
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// healthy waits until the URL answers, the process ends, or 30 s are over.
func healthy(ctx context.Context, url string, ended <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close() // only the status counts
			if response.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-tick.C:
		case <-ended:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

// Package e2e tells stories of the whole system: each file in testdata is a
// conversation on a repository of its own, run on one machine that has a real
// API server, a GitHub, the functions, the controller and a node. What cannot be
// told as a conversation follows in Go: bad input, parts that are away, kubectl,
// and processes that are killed.
package e2e

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/openapi"
	"github.com/cutwater-ci/cutwater/local/node"
	"github.com/cutwater-ci/cutwater/local/up"
)

// patience is how long a story waits for what must happen. It happens in
// seconds; a busy machine may take longer.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	node.RunIfInit()
	os.Exit(m.Run())
}

// utilities builds the programs that run inside pods.
func utilities(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build(t, dir, "clonerefs", "initupload", "entrypoint", "sidecar", "container-init")
	return dir
}

// start brings a machine up for the test.
func start(t *testing.T, opts up.Options) *up.Machine {
	t.Helper()
	description, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	opts.Forge = githubtest.Options{Validator: description, OnInvalid: func(err error) { t.Errorf("not as GitHub: %v", err) }}
	state := t.TempDir()
	opts.State = filepath.Join(state, "state")
	if opts.Progress == nil {
		opts.Progress = os.Stderr // the first run builds the control plane
	}
	m, err := up.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Stop()
		if t.Failed() {
			keepLog(t, filepath.Join(opts.State, "log"))
		}
	})
	return m
}

// keepLog shows the end of the machine's log, for a failure.
func keepLog(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Logf("reading the log: %v", err)
		return
	}
	lines := strings.Split(string(content), "\n")
	t.Logf("the end of the machine's log:\n%s", strings.Join(lines[max(0, len(lines)-150):], "\n"))
}

// TestMachine brings one machine up and plays everything on it. The stories come
// first, all at once; what disturbs the machine follows, one after the other.
func TestMachine(t *testing.T) {
	said := &printed{}
	audit := filepath.Join(t.TempDir(), "audit.log")
	m := start(t, up.Options{Programs: utilities(t), Progress: io.MultiWriter(os.Stderr, said), Audit: audit})
	t.Run("demonstration", func(t *testing.T) { demonstration(t, m, said) })
	t.Run("command-line", func(t *testing.T) { commandLine(t, newStory(t, m)) })
	t.Run("stories", func(t *testing.T) { stories(t, m) })
	t.Run("kubectl", func(t *testing.T) { kubectl(t, newStory(t, m)) })
	t.Run("webhooks", func(t *testing.T) { badWebhooks(t, newStory(t, m)) })
	t.Run("configuration", func(t *testing.T) { brokenReload(t, newStory(t, m)) })
	t.Run("bucket", func(t *testing.T) { brokenBucket(t, newStory(t, m)) })
	t.Run("hook-away", func(t *testing.T) { hookAway(t, newStory(t, m)) })
	t.Run("api-server", func(t *testing.T) { apiServerAway(t, newStory(t, m)) })
	t.Run("roles", func(t *testing.T) { rolesAreExact(t, m, audit) })
}

// stories plays the files of testdata.
func stories(t *testing.T, m *up.Machine) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Cmds:                commands(),
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(10 * time.Minute),
		Setup: func(env *testscript.Env) error {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
			env.Defer(cancel)
			shared, err := os.MkdirTemp("/var/tmp", "cutwater-story-")
			env.Defer(func() { _ = os.RemoveAll(shared) })
			env.Values[storyKey{}] = &story{ctx: ctx, m: m, dir: env.WorkDir, name: filepath.Base(env.WorkDir), shared: shared}
			return err
		},
	})
}

// newStory is a story that is told in Go, in a repository named as the subtest.
func newStory(t *testing.T, m *up.Machine) *story {
	t.Helper()
	shared, err := os.MkdirTemp("/var/tmp", "cutwater-story-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(shared) })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return &story{ctx: ctx, m: m, repo: github.Repo{Org: "cutwater", Name: filepath.Base(t.Name())}, shared: shared}
}

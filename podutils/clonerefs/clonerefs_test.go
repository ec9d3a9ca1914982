// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/clonerefs"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// newOptions clone one repository into a folder of the test.
func newOptions(t *testing.T, refs ...prowv1.Refs) *options.Clone {
	t.Helper()
	dir := t.TempDir()
	return &options.Clone{
		SrcRoot: filepath.Join(dir, "go"), Log: filepath.Join(dir, "clone.json"),
		GitUserName: "ci-robot", GitUserEmail: "ci-robot@k8s.io", Refs: refs,
	}
}

// refsOf are refs to the source repository.
func refsOf(source string, pulls ...prowv1.Pull) prowv1.Refs {
	return prowv1.Refs{
		Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: mainSHA, Pulls: pulls,
		CloneURI: "file://" + filepath.Join(source, "repo.git"),
	}
}

// run clones, and returns the records, without that of the setup, and the log.
func run(t *testing.T, o *options.Clone) ([]layout.CloneRecord, string) {
	t.Helper()
	var log bytes.Buffer
	if err := clonerefs.Run(t.Context(), o, noSleep, slog.New(slog.NewJSONHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	records := readRecords(t, o.Log)
	if diff := cmp.Diff(prowv1.Refs{}, records[0].Refs); diff != "" {
		t.Errorf("first record is not the setup's: %s", diff)
	}
	return records[1:], log.String()
}

func TestSubmodules(t *testing.T) {
	source := newSource(t)
	t.Setenv("GIT_CONFIG_COUNT", "1") // git refuses submodules by file:// otherwise
	t.Setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
	t.Setenv("GIT_CONFIG_VALUE_0", "always")
	runScript(t, source, "git clone -q repo.git super; cd super; git submodule --quiet add file://"+source+"/repo.git sub; git commit -qm sub; cd ..; git clone -q --bare super super.git")
	refs := refsOf(source)
	refs.CloneURI, refs.BaseSHA = "file://"+filepath.Join(source, "super.git"), ""
	skip := refs
	skip.Repo, skip.SkipSubmodules = "without", true
	o := newOptions(t, refs, skip)
	o.Fail = true
	run(t, o)
	for repo, want := range map[string]bool{"repo": true, "without": false} {
		_, err := os.Stat(filepath.Join(o.SrcRoot, "src/github.com/org", repo, "sub/README.md"))
		if got := err == nil; got != want {
			t.Errorf("%s: submodule is there: %t, want %t", repo, got, want)
		}
	}
}

// Refs come from anybody; git must not take them for flags, nor clone elsewhere.
func TestHostileRefs(t *testing.T) {
	source := newSource(t)
	for name, set := range map[string]func(r *prowv1.Refs){
		"base ref":  func(r *prowv1.Refs) { r.BaseSHA, r.BaseRef = "", "--upload-pack=touch pwned" },
		"base sha":  func(r *prowv1.Refs) { r.BaseSHA = "--upload-pack=touch pwned" },
		"clone uri": func(r *prowv1.Refs) { r.CloneURI = "--upload-pack=touch pwned" },
		"transport": func(r *prowv1.Refs) { r.CloneURI = "ext::touch pwned" },
		"pull ref":  func(r *prowv1.Refs) { r.Pulls = []prowv1.Pull{{Number: 1, Ref: "--upload-pack=touch pwned"}} },
		"pull sha":  func(r *prowv1.Refs) { r.Pulls = []prowv1.Pull{{Number: 1, SHA: "--strategy=pwned"}} },
		"repo link": func(r *prowv1.Refs) {
			r.CloneURI, r.RepoLink, r.PathAlias, r.SkipFetchHead = "", "--upload-pack=touch pwned;", "alias", true
		},
		"sparse":     func(r *prowv1.Refs) { r.SparseCheckoutFiles = []string{"--stdin"} },
		"path alias": func(r *prowv1.Refs) { r.PathAlias = "../../../pwned" },
		"org":        func(r *prowv1.Refs) { r.Org, r.Repo = "..", "../../../../pwned" },
	} {
		t.Run(name, func(t *testing.T) {
			refs := refsOf(source)
			set(&refs)
			o := newOptions(t, refs)
			records, _ := run(t, o)
			if !records[0].Failed {
				t.Errorf("cloned:\n%s", layout.CloneLog(records))
			}
			err := filepath.WalkDir(filepath.Dir(o.SrcRoot), func(path string, _ os.DirEntry, err error) error {
				if strings.Contains(filepath.Base(path), "pwned") {
					t.Errorf("%s was made", path)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Nothing is done, and no log written, with options that do not fit together.
func TestInvalidOptions(t *testing.T) {
	refs := prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main"}
	for want, set := range map[string]func(o *options.Clone){
		"no src_root":       func(o *options.Clone) { o.SrcRoot = "" },
		"no log":            func(o *options.Clone) { o.Log = "" },
		"no refs":           func(o *options.Clone) { o.Refs = nil },
		"given twice":       func(o *options.Clone) { o.Refs = append(o.Refs, refs) },
		"exclude each":      func(o *options.Clone) { o.OauthTokenFile, o.GitHubAppID = "token", "7" },
		"both its ID":       func(o *options.Clone) { o.GitHubAppID = "7" },
		"needs an API":      func(o *options.Clone) { o.GitHubAppID, o.GitHubAppPrivateKeyFile = "7", "key" },
		"and its private k": func(o *options.Clone) { o.GitHubAppPrivateKeyFile = "key" },
	} {
		o := newOptions(t, refs)
		log := o.Log
		set(o)
		if err := clonerefs.Run(t.Context(), o, noSleep, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want …%s…", err, want)
		}
		if _, err := os.Stat(log); err == nil {
			t.Errorf("%s: a log was written", want)
		}
	}
}

// A program that was told to stop stops, with its records written and an error.
func TestStop(t *testing.T) {
	refs := refsOf(newSource(t))
	refs.BaseSHA, refs.BaseRef = "", "nope"
	o := newOptions(t, refs)
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("told to stop")
	sleep := func(context.Context, time.Duration) error { cancel(stopped); return stopped }
	if err := clonerefs.Run(ctx, o, sleep, slog.New(slog.DiscardHandler)); !errors.Is(err, stopped) {
		t.Errorf("error is %v, want %v", err, stopped)
	}
	if records := readRecords(t, o.Log); len(records) != 2 || !records[1].Failed {
		t.Errorf("records are %+v, want the second to have failed", records)
	}
}

// What git started does not keep the program from stopping.
func TestStopEndsHelpers(t *testing.T) {
	refs := refsOf(newSource(t))
	dir := t.TempDir()
	fetching := filepath.Join(dir, "fetching")
	slow := "#!/bin/sh\nif test $1 = fetch; then mkfifo " + fetching + ".new; mv " + fetching + ".new " + fetching + "; cat " + fetching + "; fi\n"
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(slow), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var helper sync.WaitGroup
	t.Cleanup(helper.Wait)
	helper.Go(func() {
		// Opening waits for the helper, which then reads for as long as this is open.
		file, err := openWhenThere(ctx, fetching)
		if err != nil {
			t.Error(err)
			return
		}
		cancel()
		<-t.Context().Done()
		_ = file.Close()
	})
	if err := clonerefs.Run(ctx, newOptions(t, refs), noSleep, slog.New(slog.DiscardHandler)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func openWhenThere(ctx context.Context, path string) (*os.File, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if !errors.Is(err, os.ErrNotExist) {
			return file, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// countWaits clones, and counts the attempts of fetches and the seconds between them.
func countWaits(t *testing.T, o *options.Clone) (attempts int, seconds float64) {
	t.Helper()
	attempts = 1
	sleep := func(_ context.Context, d time.Duration) error { attempts++; seconds += d.Seconds(); return nil }
	if err := clonerefs.Run(t.Context(), o, sleep, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return attempts, seconds
}

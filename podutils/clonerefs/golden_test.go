// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/podutils/clonerefs"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// goldenCase is one of clonerefs.json.
type goldenCase struct {
	Case    string
	Options options.Clone
	Exit    int
	Records []layout.CloneRecord `json:"clone_json"`
	Trees   map[string]goldenTree
}

type goldenTree struct {
	Branch   string   `json:"branch"`
	Files    []string `json:"files"`
	HeadTree string   `json:"head_tree"`
}

// noSleep makes the attempts of a fetch follow each other at once.
func noSleep(context.Context, time.Duration) error { return nil }

func TestGoldenClones(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(goldens.Dir(t), "podutils", "clonerefs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	source := newSource(t)
	for _, text := range raw {
		run := t.TempDir()
		paths := strings.NewReplacer("/oracle/run", run, "/oracle/repo", filepath.Join(source, "repo"))
		var want goldenCase
		if err := json.Unmarshal([]byte(paths.Replace(string(text))), &want); err != nil {
			t.Fatal(err)
		}
		t.Run(want.Case, func(t *testing.T) { checkGolden(t, run, want) })
	}
}

func checkGolden(t *testing.T, run string, want goldenCase) {
	t.Helper()
	err := clonerefs.Run(t.Context(), &want.Options, noSleep, slog.New(slog.DiscardHandler))
	if failed, wantFailed := err != nil, want.Exit != 0; failed != wantFailed {
		t.Errorf("error %v, want one: %t", err, wantFailed)
	}
	ignored := cmp.Options{
		cmpopts.IgnoreFields(layout.CloneRecord{}, "Duration", "Explanation"), // Prow explains nothing
		cmpopts.IgnoreFields(layout.CloneCommand{}, "Duration"),
	}
	var got []layout.CloneRecord
	if want.Records != nil { // else the options are refused
		got = readRecords(t, want.Options.Log)
	}
	for _, records := range [][]layout.CloneRecord{want.Records, got} {
		sortErrors(records)
		if want.Options.MaxParallelWorkers != 1 {
			sortRefs(records)
		}
	}
	if diff := cmp.Diff(want.Records, got, ignored); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for path, wantTree := range want.Trees {
		if diff := cmp.Diff(wantTree, readTree(t, filepath.Join(run, path)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// sortErrors sorts the lines that failed commands print: with a fetch two
// processes complain, git's own and that of the other side, in any order.
func sortErrors(records []layout.CloneRecord) {
	for _, record := range records {
		for i := range record.Commands {
			if command := &record.Commands[i]; command.Error != "" {
				command.Output = strings.Join(slices.Sorted(strings.Lines(command.Output)), "")
			}
		}
	}
}

// sortRefs sorts the records after the setup's: they come as the clones end.
func sortRefs(records []layout.CloneRecord) {
	if len(records) > 0 {
		slices.SortFunc(records[1:], func(a, b layout.CloneRecord) int {
			return strings.Compare(a.Refs.OrgRepo(), b.Refs.OrgRepo())
		})
	}
}

func readRecords(t *testing.T, file string) []layout.CloneRecord {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var records []layout.CloneRecord
	if err := json.Unmarshal(data, &records); err != nil {
		t.Fatal(err)
	}
	return records
}

func readTree(t *testing.T, dir string) goldenTree {
	t.Helper()
	var tree goldenTree
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != ".git" {
			tree.Files = append(tree.Files, entry.Name())
		}
	}
	tree.Branch = git(t, dir, "rev-parse", "--abbrev-ref", "HEAD")
	tree.HeadTree = git(t, dir, "rev-parse", "HEAD^{tree}")
	return tree
}

// git returns the first line that git prints; it may fail, as it does in an
// empty repository.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	output, _ := cmd.Output()
	line, _, _ := strings.Cut(string(output), "\n")
	return line
}

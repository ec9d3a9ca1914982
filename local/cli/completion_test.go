// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/up"
)

// TestCompletion asks what a shell asks when somebody presses the tab key.
func TestCompletion(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	repo := github.Repo{Org: "org", Name: "repo"}
	if err := forge.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := forge.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: up.Member, Title: "Greet louder", Branch: "louder", Commit: githubtest.Commit{Message: "Louder", Files: map[string]string{"a": "2"}},
	}); err != nil {
		t.Fatal(err)
	}
	running, none := t.TempDir(), t.TempDir()
	connection, err := json.Marshal(up.Connection{
		Forge: forge.URL(), Org: repo.Org, Repo: repo.Name, Tokens: map[string]string{up.Member: forge.Token(up.Member)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(running, "up.json"), connection, 0o600); err != nil {
		t.Fatal(err)
	}
	const noFiles, folders, endings = ":4\n", ":16\n", ":8\n"
	for _, tc := range []struct {
		state string
		line  []string
		want  string
	}{
		{running, []string{"comment", ""}, "1\tGreet louder\n" + noFiles},
		{running, []string{"push", ""}, "1\tGreet louder\n" + noFiles},
		{running, []string{"merge", ""}, "1\tGreet louder\n" + noFiles},
		{running, []string{"comment", "1", ""}, noFiles},
		{none, []string{"comment", ""}, noFiles},
		{none, []string{"comment", "1", "hello", "--as", ""}, "alice\ta member of the organisation\nstranger\tnot a member\n" + noFiles},
		{none, []string{"up", ""}, noFiles},
		{none, []string{"up", "--repo", ""}, folders},
		{none, []string{"up", "--config", ""}, "yaml\nyml\n" + endings},
		{none, []string{"--state", ""}, folders},
	} {
		var out, notes bytes.Buffer
		root := New(&out, &notes)
		root.SetArgs(append([]string{"__complete", "--state", tc.state}, tc.line...))
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Errorf("%q: %v", tc.line, err)
		}
		if diff := cmp.Diff(tc.want, out.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.line, diff)
		}
	}
}

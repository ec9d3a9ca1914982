// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// BenchmarkClone runs the program on a repository of this machine and, in turn,
// the commands that it recorded, which are Prow's, one after the other. "x-git" is
// how long the program takes in units of that; "x-git-needed" leaves out git
// submodule, which here has nothing to do and which the program spares itself.
func BenchmarkClone(b *testing.B) {
	program := build(b)
	for _, test := range []struct {
		name           string
		files, commits int
	}{
		{name: "200-files", files: 200, commits: 1},
		{name: "10000-commits", files: 200, commits: 10_000},
	} {
		b.Run(test.name, func(b *testing.B) {
			refs := newHistory(b, test.files, test.commits)
			var ours, git, submodule time.Duration
			for b.Loop() {
				dir := filepath.Join(b.TempDir(), "clone")
				began := time.Now()
				record := runProgram(b, program, dir, refs)
				ours += time.Since(began)
				remove(b, dir)
				last := len(record.Commands) - 1
				git += runCommands(b, record.Commands[:last])
				submodule += runCommands(b, record.Commands[last:])
				remove(b, dir)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms/clone")
			b.ReportMetric(ours.Seconds()/(git+submodule).Seconds(), "x-git")
			b.ReportMetric(ours.Seconds()/git.Seconds(), "x-git-needed")
		})
	}
}

// newHistory makes a bare repository with as many files and commits, and a pull
// with one more of each, and returns the refs that clone both.
func newHistory(b *testing.B, files, commits int) prowv1.Refs {
	b.Helper()
	dir := b.TempDir()
	var stream strings.Builder
	commit := func(branch string, n int, change string) {
		fmt.Fprintf(&stream, "commit refs/%s\ncommitter n <n@example.test> %d +0000\ndata 1\nc\n%s\n", branch, 1_700_000_000+n, change)
	}
	file := func(name, content string) string {
		return fmt.Sprintf("M 100644 inline %s\ndata %d\n%s\n", name, len(content), content)
	}
	var first strings.Builder
	for i := range files {
		first.WriteString(file(fmt.Sprintf("dir%d/file%d", i%10, i), strings.Repeat(fmt.Sprintf("line of file %d\n", i), 50)))
	}
	commit("heads/main", 0, first.String())
	for i := 1; i < commits; i++ {
		commit("heads/main", i, file(fmt.Sprintf("dir0/changing%d", i%50), fmt.Sprintf("change %d\n", i)))
	}
	commit("pull/1/head", commits, "from refs/heads/main\n"+file("new", "new\n"))
	commit("heads/main", commits+1, file("newer", "newer\n"))
	cmd := exec.CommandContext(b.Context(), "sh", "-e", "-c", "git init -q --bare -b main repo.git; cd repo.git; git fast-import --quiet; git config uploadpack.allowAnySHA1InWant true; git gc -q; git rev-parse main pull/1/head")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stream.String())
	output, err := cmd.CombinedOutput()
	shas := strings.Fields(string(output))
	if err != nil || len(shas) != 2 {
		b.Fatalf("making repository: %v\n%s", err, output)
	}
	return prowv1.Refs{
		Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: shas[0], Pulls: []prowv1.Pull{{Number: 1, SHA: shas[1]}},
		CloneURI: "file://" + filepath.Join(dir, "repo.git"),
	}
}

// runProgram clones refs below dir, and returns the record of it.
func runProgram(tb testing.TB, program, dir string, refs prowv1.Refs) layout.CloneRecord {
	tb.Helper()
	log := filepath.Join(tb.TempDir(), "clone.json")
	text, err := json.Marshal(&options.Clone{SrcRoot: dir, Log: log, GitUserName: "ci-robot", GitUserEmail: "ci-robot@k8s.io", Refs: []prowv1.Refs{refs}, Fail: true})
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), program)
	cmd.Env = append(os.Environ(), options.CloneEnv+"="+string(text))
	if output, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, output)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		tb.Fatal(err)
	}
	var records []layout.CloneRecord
	if err := json.Unmarshal(data, &records); err != nil || len(records) != 2 {
		tb.Fatalf("records %s: %v", data, err)
	}
	return records[1]
}

// runCommands runs what a record says was run, and returns how long it took.
func runCommands(b *testing.B, commands []layout.CloneCommand) time.Duration {
	b.Helper()
	began := time.Now()
	for _, command := range commands {
		dir, rest, _ := strings.Cut(strings.TrimPrefix(command.Command, "PWD="), " ")
		words, env := strings.Fields(rest), os.Environ()
		for strings.Contains(words[0], "=") {
			words, env = words[1:], append(env, words[0])
		}
		cmd := exec.CommandContext(b.Context(), words[0], words[1:]...)
		cmd.Dir, cmd.Env = dir, env
		if output, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", command.Command, err, output)
		}
	}
	return time.Since(began)
}

func remove(b *testing.B, dir string) {
	b.Helper()
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package gitignore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/gitignore"
)

// files are what each pattern is tried on.
func files() []string {
	return []string{
		"a.yaml", "b.yml", "x", "#x", "!x", "a b", "end ", "[x]", "deep/a.yaml", "deep/x", "deep/er/a.yaml",
		"deep/er/xx/y", "xx/y", "other/deep/a.yaml", "other/xx/z", "ä.yaml", "deep/ä",
	}
}

// TestAgainstGit asks git itself what the patterns leave out.
func TestAgainstGit(t *testing.T) {
	for _, text := range []string{
		"", "# nothing\n\n", "*.yaml", "a.yaml\n", "/a.yaml", "deep/", "deep", "xx/", "/x", "/xx/", "*/x", "**/x", "deep/**", "deep/**/a.yaml",
		"**", "*", "*\n!a.yaml", "*\n!*/\n!a.yaml", "deep/*\n!deep/er", `\#x`, `\!x`, "a b", "end ", `end\ `, "[abx]", "[!a].yml", "[^a].yml",
		"?.yml", "[", "[x", `\[x\]`, "[]x]", "deep/er/", "deep/er/a.yaml\n!a.yaml", "/deep\n!deep/x", "x\r\na.yaml\r\n", "ä*", "*.{yaml,yml}",
		"a**l", "de**ep/x", "xx/**/y", "/", "//", "!",
	} {
		var rules gitignore.Rules
		rules.Add(".prowignore", text)
		compare(t, text, &rules, map[string]string{".gitignore": text})
	}
}

func TestFilesInFolders(t *testing.T) {
	trees := []map[string]string{
		{"": "*.yaml\n", "deep": "!a.yaml\n"},
		{"deep": "/a.yaml\n", "deep/er": "!a.yaml\n/xx/y\n"},
		{"": "deep/er\n", "deep/er": "!a.yaml\n"},
	}
	for _, tree := range trees {
		var rules gitignore.Rules
		asGit := map[string]string{}
		for folder, text := range tree {
			rules.Add(strings.TrimPrefix(folder+"/.prowignore", "/"), text)
			asGit[strings.TrimPrefix(folder+"/.gitignore", "/")] = text
		}
		compare(t, "", &rules, asGit)
	}
}

// compare holds the rules against those of git in a folder with these .gitignore files.
func compare(t *testing.T, name string, rules *gitignore.Rules, ignores map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files() {
		ignores[file] += ""
	}
	for file, content := range ignores {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(stdin string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "core.quotePath=false", "-c", "core.excludesFile=/dev/null"}, args...)...)
		cmd.Dir = dir
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != 1) { //nolint:errorlint // Output returns it bare
			t.Fatalf("git %v: %v", args, err)
		}
		return string(out)
	}
	git("", "init", "--quiet")
	ignored := git(strings.Join(files(), "\x00")+"\x00", "check-ignore", "--no-index", "-z", "--stdin")
	for _, file := range files() {
		want := strings.Contains("\x00"+ignored, "\x00"+file+"\x00")
		if got := rules.Ignores(file); got != want {
			t.Errorf("%q leaves out %q: got %t, want %t", name, file, got, want)
		}
	}
}

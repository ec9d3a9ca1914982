// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script makes the repository that the goldens were made with; its commits have
// the SHAs below.
const script = `
git init -q -b main work
cd work
mkdir -p cmd docs
echo a > cmd/a
echo b > docs/b
echo r > README.md
git add .
git commit -qm base
git tag base
for change in "1 one one" "2 two two" "3 README.md conflict"; do
	set -- $change
	git checkout -q base
	git checkout -qb f$1
	echo $3 > $2
	git add .
	git commit -qm $(test $1 = 3 && echo three || echo $2)
	git tag p$1
done
git checkout -q main
echo m > README.md
git commit -qam main2
cd ..
git clone -q --bare work repo.git
cd repo.git
git config uploadpack.allowAnySHA1InWant true
git config uploadpack.allowFilter true
for n in 1 2 3; do
	git update-ref refs/pull/$n/head p$n
	git update-ref -d refs/heads/f$n
done
`

const (
	mainSHA = "57e3cb148e2bea0844ab6318f765555bc6b09bd5"
	pull1   = "ae0ead32135ad4d9b4a7c680691591b01f1c392b"
	pull2   = "971f6d41ae0ea9058cce91ba188f40bc943d520d"
	pull3   = "ddd7b633f686f21c8f04115d113122cd9ad1e788"
)

// newSource makes the repository, and keeps the test from the user's git
// configuration. It returns the folder that holds repo.git.
func newSource(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	runScript(t, dir, script)
	head, err := exec.CommandContext(t.Context(), "git", "-C", filepath.Join(dir, "repo.git"), "rev-parse", "main").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(head)); got != mainSHA {
		t.Fatalf("source repository's main is %s, want %s", got, mainSHA)
	}
	return dir
}

// runScript runs a shell script in which commits have a fixed author and date.
func runScript(t *testing.T, dir, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", text)
	cmd.Dir = dir
	cmd.Env = commitEnv()
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making repository: %v\n%s", err, output)
	}
}

func commitEnv() []string {
	return append(os.Environ(), "TZ=UTC",
		"GIT_AUTHOR_NAME=n", "GIT_AUTHOR_EMAIL=n@example.test", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=n", "GIT_COMMITTER_EMAIL=n@example.test", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
}

// makeSuper makes the bare repository, of main with a submodule sub from url.
func makeSuper(t *testing.T, source, url, bare string) {
	t.Helper()
	runScript(t, source, `
git clone -q repo.git super
cd super
git config --file .gitmodules submodule.sub.path sub
git config --file .gitmodules submodule.sub.url `+url+`
git update-index --add --cacheinfo 160000,`+mainSHA+`,sub
git add .gitmodules
git commit -qm sub
cd ..
git clone -q --bare super `+bare+`
`)
}

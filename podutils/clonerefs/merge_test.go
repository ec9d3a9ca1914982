// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"os/exec"
	"strings"
	"testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// conflicts makes pulls that conflict with main or with each other.
const conflicts = `
cd work
git checkout -qb rival base
echo another > one
git add .
git commit -qm rival
git checkout -qb many base
for i in 1 2 3 4 5 6 7 8 9; do echo many > many$i; done
echo many > "$(printf 'a\nb')"
echo many > 'ümlaut %s'
echo many > README.md
git add .
git commit -qm many
git checkout -q main
for i in 1 2 3 4 5 6 7 8 9; do echo main > many$i; done
echo main > "$(printf 'a\nb')"
echo main > 'ümlaut %s'
git add .
git commit -qm main3
git push -q ../repo.git main:other rival:refs/pull/4/head many:refs/pull/5/head
git rev-parse rival many main
`

// A conflict fails the clone, but not the program: initupload tells of it. The
// record has Prow's commands, and which pull conflicts with what, and where.
func TestConflicts(t *testing.T) {
	source := newSource(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", conflicts)
	cmd.Dir = source
	cmd.Env = commitEnv()
	output, err := cmd.Output()
	shas := strings.Fields(string(output))
	if err != nil || len(shas) != 3 {
		t.Fatalf("making pulls: %v\n%s", err, output)
	}
	first, second := prowv1.Pull{Number: 1, Author: "ann", SHA: pull1}, prowv1.Pull{Number: 2, SHA: pull2}
	third := prowv1.Pull{Number: 3, Author: "cid", SHA: pull3}
	rival, many := prowv1.Pull{Number: 4, Author: "bob", SHA: shas[0]}, prowv1.Pull{Number: 5, Author: "eve\n", SHA: shas[1]}
	for _, test := range []struct {
		name  string
		base  string
		pulls []prowv1.Pull
		want  string
	}{
		{
			name: "with main", pulls: []prowv1.Pull{third},
			want: "Pull #3 by cid (ddd7b633f686) conflicts with main (57e3cb148e2b) in README.md. Rebase it on main, or merge main into it, and push.",
		},
		{
			name: "with main, in a batch", pulls: []prowv1.Pull{first, third, second},
			want: "Pull #3 by cid (ddd7b633f686) conflicts with main (57e3cb148e2b) in README.md. Rebase it on main, or merge main into it, and push.",
		},
		{
			name: "with another", pulls: []prowv1.Pull{second, first, rival},
			want: "Pull #4 by bob (" + rival.SHA[:12] + ") conflicts with pull #1 by ann (ae0ead32135a) in one. They cannot be tested together: when one is merged, the other has to be rebased.",
		},
		{
			name: "with one whose SHA is not known", pulls: []prowv1.Pull{{Number: 1}, rival},
			want: "Pull #4 by bob (" + rival.SHA[:12] + ") conflicts with main (57e3cb148e2b) and what is merged into it for this test in one. They cannot be tested together.",
		},
		{
			name: "in many files", base: "other", pulls: []prowv1.Pull{many},
			want: `Pull #5 by "eve\n" (` + many.SHA[:12] + ") conflicts with other (" + shas[2][:12] + `) in README.md, "a\nb", many1, many2, many3, many4, many5, many6, many7, many8 and 2 more files. Rebase it on other, or merge other into it, and push.`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			refs := refsOf(source, test.pulls...)
			if test.base != "" {
				refs.BaseRef, refs.BaseSHA = test.base, ""
			}
			records, log := run(t, newOptions(t, refs))
			checkExplained(t, records, test.want)
			if got := records[0].Explanation; got != test.want {
				t.Errorf("explanation is\n%q, want\n%q", got, test.want)
			}
			if !strings.Contains(log, " conflicts with ") {
				t.Errorf("the program's log does not explain:\n%s", log)
			}
			last := records[0].Commands[len(records[0].Commands)-1]
			if !strings.Contains(last.Command, "git merge --no-ff ") || last.Error != "exit status 1" {
				t.Errorf("last command is %q with error %q, want git merge --no-ff with exit status 1", last.Command, last.Error)
			}
			if text := layout.CloneLog(records); !strings.HasPrefix(text, "# FAILED!\n# Cloning org/repo at "+refs.BaseRef) {
				t.Errorf("clone log is\n%s", text)
			}
		})
	}
}

// A pull that merges, but not into what a shallow clone has, is no conflict.
func TestShallowMerge(t *testing.T) {
	source := newSource(t)
	refs := refsOf(source, prowv1.Pull{Number: 1, SHA: pull1})
	refs.CloneDepth = 1
	records, _ := run(t, newOptions(t, refs))
	checkExplained(t, records, "The commit that the pull began from was not fetched.")
	refs.CloneDepth = 2
	records, _ = run(t, newOptions(t, refs))
	checkCloned(t, records)
	// The merge commit is the same as in a full clone.
	whole := refsOf(source, prowv1.Pull{Number: 1, SHA: pull1})
	full, _ := run(t, newOptions(t, whole))
	if got, want := records[0].FinalSHA, full[0].FinalSHA; got != want {
		t.Errorf("with depth the merge commit is %s, want %s", got, want)
	}
}

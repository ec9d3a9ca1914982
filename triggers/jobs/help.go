// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// The first lines of help comments. The trigger plugin finds its older help by them.
const (
	TestWithoutTargetNote = "The `/test` command needs one or more targets.\n"
	RetestWithTargetNote  = "The `/retest` command does not accept any targets.\n"
	TargetNotFoundNote    = "The specified target(s) for `/test` were not found.\n"
	NothingToTestNote     = "No jobs can be run with `/test all`.\n"
)

// NeedsHelp decides whether a comment that selected this many jobs is answered with
// help, and the help's first line.
func NeedsHelp(body string, selected int) (note string, help bool) {
	switch {
	case known.help.in(body):
		return "", true
	case known.testAlone.in(body):
		return TestWithoutTargetNote, true
	case known.retestWithTarget.in(body):
		return RetestWithTargetNote, true
	case selected == 0 && known.testAll.in(body):
		return NothingToTestNote, true
	case selected == 0 && known.testWithTarget.in(body):
		return TargetNotFoundNote, true
	}
	return "", false
}

// Available is what people can ask for on a pull. All are sorted.
type Available struct {
	// Required and Optional are commands.
	Required, Optional []string
	// TestAll are names of jobs that /test all runs.
	TestAll []string
}

// AvailableFor returns what people can ask for on a pull into the branch.
func AvailableFor(presubmits []jobs.Presubmit, branch string, changes jobs.Changes) (Available, error) {
	automatic, err := Select(presubmits, branch, changes, Automatic)
	if err != nil {
		return Available{}, err
	}
	required, optional, all := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, p := range automatic {
		all[p.Name] = true
	}
	for _, p := range presubmits {
		switch {
		case !p.CouldRun(branch):
		case !p.Optional:
			required[p.RerunCommand] = true
		default:
			optional[p.RerunCommand] = true
		}
	}
	return Available{Required: sorted(required), Optional: sorted(optional), TestAll: sorted(all)}, nil
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// HelpText is what a help comment says after its note, about a pull into the branch of the repo.
func (a Available) HelpText(orgRepo, branch string) string {
	if len(a.Required)+len(a.Optional) == 0 {
		return fmt.Sprintf("No presubmit jobs available for %s@%s", orgRepo, branch)
	}
	var b strings.Builder
	if len(a.Required) > 0 {
		b.WriteString("The following commands are available to trigger required jobs:" + blocks(a.Required) + "\n")
	}
	if len(a.Optional) > 0 {
		b.WriteString("The following commands are available to trigger optional jobs:" + blocks(a.Optional) + "\n")
	}
	switch {
	case len(a.TestAll) == 0:
	case len(a.TestAll) == len(a.Required)+len(a.Optional):
		b.WriteString("Use `/test all` to run all jobs.\n")
	default:
		b.WriteString("Use `/test all` to run the following jobs that were automatically triggered:" + blocks(a.TestAll) + "\n")
	}
	return b.String()
}

// blocks puts each line into a code block of its own, so that it can be copied with one click.
func blocks(lines []string) string {
	return "\n```\n" + strings.Join(lines, "\n```\n```\n") + "\n```\n"
}

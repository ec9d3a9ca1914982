// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"slices"

	"github.com/cutwater-ci/cutwater/config/jobs"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// request is what a comment asks for.
type request struct {
	// text is the comment without its code blocks.
	text string
	// anything says that there is a command at all.
	anything bool
	// okToTest and revoke are /ok-to-test and /ok-to-test cancel.
	okToTest, revoke bool
	// tests says that jobs are asked for by name or kind, and retest that they are to run again.
	tests, retest bool
	// workflows says that GitHub Actions workflows shall run again too.
	workflows bool
}

// read finds the commands in a text from which code blocks were taken.
func read(text string, known []jobs.Presubmit) request {
	r := request{
		text:      text,
		okToTest:  triggers.IsOkToTest(text),
		revoke:    triggers.IsOkToTestCancel(text),
		retest:    triggers.IsRetest(text) || triggers.IsRetestRequired(text),
		workflows: triggers.IsRetest(text) || triggers.IsTestAll(text),
	}
	byName := slices.ContainsFunc(known, func(p jobs.Presubmit) bool { return p.TriggerMatches(text) })
	r.tests = byName || r.retest || triggers.IsTestAll(text) || triggers.IsTestManualRequired(text)
	r.anything = byName || triggers.MentionsCommand(text)
	return r
}

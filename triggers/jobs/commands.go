// SPDX-License-Identifier: Apache-2.0

package jobs

import "regexp"

// command is one line of a comment that people write to the trigger plugin.
type command struct{ expression *regexp.Regexp }

// commands are the commands that are not a job's own.
type commands struct {
	testAll, retest, retestRequired, manualRequired   command
	okToTest, okToTestCancel                          command
	help, testAlone, retestWithTarget, testWithTarget command
}

func line(expression string) command {
	return command{regexp.MustCompile(`(?m)^` + expression)}
}

func (c command) in(body string) bool { return c.expression.MatchString(body) }

// known are the commands; the expressions are part of the contract.
//
//nolint:gochecknoglobals // compiled once, never changed
var known = commands{
	testAll:          line(`/test all,?($|\s.*)`),
	retest:           line(`/retest\s*$`),
	retestRequired:   line(`/retest-required\s*$`),
	manualRequired:   line(`/test-manual-required\s*$`),
	okToTest:         line(`/ok-to-test\s*$`),
	okToTestCancel:   line(`/ok-to-test\s+cancel\s*$`),
	help:             line(`/test[ \t]*\?\s*$`),
	testAlone:        line(`/test\s*$`),
	retestWithTarget: line(`/retest[ \t]+\S+`),
	testWithTarget:   line(`/test[ \t]+\S+`),
}

// IsTestAll reports whether the comment has /test all.
func IsTestAll(body string) bool { return known.testAll.in(body) }

// IsRetest reports whether the comment has /retest.
func IsRetest(body string) bool { return known.retest.in(body) }

// IsRetestRequired reports whether the comment has /retest-required.
func IsRetestRequired(body string) bool { return known.retestRequired.in(body) }

// IsTestManualRequired reports whether the comment has /test-manual-required.
func IsTestManualRequired(body string) bool { return known.manualRequired.in(body) }

// IsOkToTest reports whether the comment has /ok-to-test.
func IsOkToTest(body string) bool { return known.okToTest.in(body) }

// IsOkToTestCancel reports whether the comment has /ok-to-test cancel.
func IsOkToTestCancel(body string) bool { return known.okToTestCancel.in(body) }

// IsHelp reports whether the comment asks for help: /test ?.
func IsHelp(body string) bool { return known.help.in(body) }

// MentionsCommand reports whether the comment, without its fenced code, has
// any of the commands of the trigger plugin other than a job's own trigger.
func MentionsCommand(body string) bool {
	for _, c := range []command{
		known.testAll, known.retest, known.retestRequired, known.manualRequired, known.okToTest, known.okToTestCancel,
		known.help, known.testAlone, known.retestWithTarget, known.testWithTarget,
	} {
		if c.in(body) {
			return true
		}
	}
	return false
}

// SPDX-License-Identifier: Apache-2.0

package configdiff

import (
	"fmt"
	"strings"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// runs says in words when a job runs.
func (e entry) runs() string {
	switch {
	case e.Presubmit != nil:
		return presubmitRuns(e.Presubmit)
	case e.Postsubmit != nil:
		return postsubmitRuns(e.Postsubmit)
	}
	switch p := e.Periodic; {
	case p.Cron != "":
		return fmt.Sprintf("at %q, in UTC", p.Cron)
	case p.Interval != "":
		return "every " + p.Interval
	default:
		return p.MinimumInterval + " after its last run ended"
	}
}

func presubmitRuns(p *jobs.Presubmit) string {
	var when string
	switch {
	case p.AlwaysRun:
		when = "on every pull request"
	case p.RegexpChangeMatcher.CouldRun():
		when = "on pull requests that change " + files(p.RegexpChangeMatcher)
	default:
		when = fmt.Sprintf("on pull requests where somebody comments %q", p.RerunCommand)
	}
	when += branches(p.Brancher, " into ")
	if p.RunBeforeMerge {
		when += ", and before they are merged"
	}
	if p.Optional {
		when += "; optional"
	}
	return when
}

func postsubmitRuns(p *jobs.Postsubmit) string {
	switch {
	case p.RegexpChangeMatcher.CouldRun():
		return "on pushes" + branches(p.Brancher, " to ") + " that change " + files(p.RegexpChangeMatcher)
	case p.AlwaysRun != nil && !*p.AlwaysRun:
		return "never by itself"
	}
	return "on every push" + branches(p.Brancher, " to ")
}

func files(m jobs.RegexpChangeMatcher) string {
	if m.RunIfChanged != "" {
		return fmt.Sprintf("a file that matches %q", m.RunIfChanged)
	}
	return fmt.Sprintf("a file that does not match %q", m.SkipIfOnlyChanged)
}

func branches(b jobs.Brancher, preposition string) string {
	var words string
	if len(b.Branches) > 0 {
		words = preposition + strings.Join(b.Branches, "|")
	}
	if len(b.SkipBranches) > 0 {
		if words == "" {
			words = preposition + "any branch"
		}
		words += " but " + strings.Join(b.SkipBranches, "|")
	}
	return words
}

// SPDX-License-Identifier: Apache-2.0

package check

import "github.com/cutwater-ci/cutwater/config"

// gerritRerunCommand finds presubmits that nobody can start again from Gerrit.
func gerritRerunCommand(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		if j.Presubmit == nil {
			continue
		}
		if f, wrong := notAllowed(in.Config, j); wrong {
			found = append(found, f)
		}
	}
	return found
}

// notAllowed says that comments with the presubmit's command start nothing.
func notAllowed(c *config.Config, j job) (Finding, bool) {
	p := j.Presubmit
	if c.Gerrit.AllowsTrigger(p.RerunCommand) {
		return Finding{}, false
	}
	return j.finding("rerun_command", "%q does not match gerrit.allowed_presubmit_trigger_re, %q", p.RerunCommand, c.Gerrit.AllowedPresubmitTriggerRe), true
}

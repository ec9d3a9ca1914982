// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// gerritRerunCommand finds presubmits that nobody can start again from Gerrit.
func gerritRerunCommand(in Input) []Finding {
	var found []Finding
	for j, p := range presubmits(in.Config) {
		if f, wrong := notAllowed(in.Config, j, p); wrong {
			found = append(found, f)
		}
	}
	return found
}

// notAllowed says that comments with the presubmit's command start nothing.
func notAllowed(c *config.Config, j job, p *jobs.Presubmit) (Finding, bool) {
	if c.Gerrit.AllowsTrigger(p.RerunCommand) {
		return Finding{}, false
	}
	return j.finding("rerun_command", "%q does not match gerrit.allowed_presubmit_trigger_re, %q", p.RerunCommand, c.Gerrit.AllowedPresubmitTriggerRe), true
}

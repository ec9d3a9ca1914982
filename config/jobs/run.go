// SPDX-License-Identifier: Apache-2.0

package jobs

// CouldRun reports whether the presubmit runs on pulls into the branch.
func (p Presubmit) CouldRun(branch string) bool { return p.Brancher.ShouldRun(branch) }

// ShouldRun reports whether the presubmit runs on a pull into the branch with
// these changes. forced says that somebody asked for this very job; defaults
// is the answer where neither always_run nor the changed files decide.
func (p Presubmit) ShouldRun(branch string, changes Changes, forced, defaults bool) (bool, error) {
	if !p.CouldRun(branch) {
		return false, nil
	}
	if p.AlwaysRun || forced {
		return true, nil
	}
	determined, run, err := p.RegexpChangeMatcher.ShouldRun(changes)
	if err != nil {
		return false, err
	}
	if determined && run {
		return true, nil
	}
	return defaults, nil
}

// TriggersConditionally reports whether the presubmit does not run on every pull by itself.
func (p Presubmit) TriggersConditionally() bool {
	return p.NeedsExplicitTrigger() || p.RegexpChangeMatcher.CouldRun()
}

// NeedsExplicitTrigger reports whether the presubmit runs only when asked for.
func (p Presubmit) NeedsExplicitTrigger() bool {
	return !p.AlwaysRun && !p.RegexpChangeMatcher.CouldRun()
}

// ContextRequired reports whether a pull needs the presubmit's status context to merge.
func (p Presubmit) ContextRequired() bool { return !p.Optional && !p.SkipReport }

// TriggerMatches reports whether the comment asks for this very presubmit.
func (p Presubmit) TriggerMatches(comment string) bool {
	if p.trigger != nil {
		return p.trigger.match(comment)
	}
	return (&pattern{text: p.Trigger}).match(comment)
}

// CouldRun reports whether the postsubmit runs on pushes to the branch.
func (p Postsubmit) CouldRun(branch string) bool { return p.Brancher.ShouldRun(branch) }

// ShouldRun reports whether the postsubmit runs on a push to the branch with these changes.
func (p Postsubmit) ShouldRun(branch string, changes Changes) (bool, error) {
	if !p.CouldRun(branch) {
		return false, nil
	}
	determined, run, err := p.RegexpChangeMatcher.ShouldRun(changes)
	if err != nil {
		return false, err
	}
	if determined {
		return run, nil
	}
	return p.AlwaysRun == nil || *p.AlwaysRun, nil
}

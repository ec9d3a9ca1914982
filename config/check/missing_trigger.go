// SPDX-License-Identifier: Apache-2.0

package check

// missingTrigger finds repos whose jobs nothing starts.
func missingTrigger(in Input) []Finding {
	configured := newRepoSet()
	first := map[string]job{}
	note := func(j job) {
		configured.addRepo(j.repo)
		if _, ok := first[j.repo]; !ok {
			first[j.repo] = j
		}
	}
	for j := range presubmits(in.Config) {
		note(j)
	}
	for j := range postsubmits(in.Config) {
		note(j)
	}
	var found []Finding
	for _, item := range configured.minus(enabled(in.Plugins, "trigger")).items() {
		found = append(found, first[item.name].finding("", "nothing starts the jobs of %v: the plugin trigger is not enabled there", item))
	}
	return found
}

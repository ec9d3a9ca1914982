// SPDX-License-Identifier: Apache-2.0

package check

// missingTrigger finds repos whose jobs nothing starts.
func missingTrigger(in Input) []Finding {
	configured := newRepoSet()
	first := map[string]job{}
	for j := range in.jobs() {
		if j.Periodic != nil {
			continue
		}
		configured.addRepo(j.Repo)
		if _, ok := first[j.Repo]; !ok {
			first[j.Repo] = j
		}
	}
	var found []Finding
	for _, item := range configured.minus(enabled(in.Plugins, "trigger")).items() {
		found = append(found, first[item.name].finding("", "nothing starts the jobs of %v: the plugin trigger is not enabled there", item))
	}
	return found
}

// SPDX-License-Identifier: Apache-2.0

package check

// nonDecoratedJobs finds jobs that nobody uploads the results of.
func nonDecoratedJobs(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		if j.onKubernetes() && (j.Decorate == nil || !*j.Decorate) {
			found = append(found, j.finding("decorate", "runs without the pod utilities; set decorate: true, or decorate_all_jobs in config.yaml"))
		}
	}
	return found
}

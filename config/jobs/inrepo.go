// SPDX-License-Identifier: Apache-2.0

package jobs

// Merge adds the jobs of another file of the same repo.
func (f *InRepoFile) Merge(other *InRepoFile) {
	f.Presets = append(f.Presets, other.Presets...)
	f.Presubmits = append(f.Presubmits, other.Presubmits...)
	f.Postsubmits = append(f.Postsubmits, other.Postsubmits...)
}

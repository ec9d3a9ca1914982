// SPDX-License-Identifier: Apache-2.0

package jobs

import "github.com/cutwater-ci/cutwater/config/document"

// ParseInRepo reads the text of .prow.yaml, or of one file in .prow/. name is
// for messages. The error is document.Problems; keys that nobody knows are ignored.
func ParseInRepo(name, text string) (*InRepoFile, error) {
	var problems document.Problems
	doc, err := document.Parse(name, text)
	if err != nil {
		problems.Add(name, err)
		return nil, problems.Err()
	}
	file := &InRepoFile{}
	problems = append(problems, (&document.Decoder{}).Decode(doc, file).Errors...)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return file, nil
}

// Merge adds the jobs of another file of the same repo.
func (f *InRepoFile) Merge(other *InRepoFile) {
	f.Presets = append(f.Presets, other.Presets...)
	f.Presubmits = append(f.Presubmits, other.Presubmits...)
	f.Postsubmits = append(f.Postsubmits, other.Postsubmits...)
}

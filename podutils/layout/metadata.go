// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"strconv"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
)

// Started is started.json.
type Started struct {
	// Timestamp is in seconds since 1970.
	Timestamp int64 `json:"timestamp"`
	// Node is the machine it runs on.
	Node string `json:"node,omitempty"`
	// Pull is the number of the first pull.
	Pull string `json:"pull,omitempty"`
	// Repos maps org/repo to the refs under test.
	Repos map[string]string `json:"repos,omitempty"`
	// RepoCommit is the commit under test, after merging.
	RepoCommit string `json:"repo-commit,omitempty"`
	// Deprecated: RepoVersion is RepoCommit, for old readers.
	RepoVersion string         `json:"repo-version,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
}

// Finished is finished.json.
type Finished struct {
	// Timestamp is in seconds since 1970.
	Timestamp *int64 `json:"timestamp,omitempty"`
	Passed    *bool  `json:"passed"`
	// Metadata is what the job itself had to say.
	Metadata map[string]any `json:"metadata,omitempty"`
	// JobVersion may be set by a job; nothing here does.
	JobVersion string `json:"job-version,omitempty"`
	// Result is SUCCESS, FAILURE or ABORTED.
	Result string `json:"result,omitempty"`
	// Deprecated: Revision is the commit under test, for old readers.
	Revision string `json:"revision,omitempty"`
}

// Results in finished.json.
const (
	ResultSuccess = "SUCCESS"
	ResultFailure = "FAILURE"
	ResultAborted = "ABORTED"
)

// CloneRecord is what became of cloning one repository: one element of
// clone-records.json.
type CloneRecord struct {
	Refs     prowv1.Refs    `json:"refs"`
	Commands []CloneCommand `json:"commands,omitempty"`
	Failed   bool           `json:"failed,omitempty"`
	// Explanation says in plain words why it failed and how to mend that, where we
	// can tell. Prow has none.
	Explanation string `json:"explanation,omitempty"`
	// FinalSHA is the commit that was checked out in the end.
	FinalSHA string        `json:"final_sha,omitempty"`
	Duration time.Duration `json:"duration,omitempty"`
}

// CloneCommand is one command of a clone.
type CloneCommand struct {
	Command  string        `json:"command"`
	Output   string        `json:"output,omitempty"`
	Error    string        `json:"error,omitempty"`
	Duration time.Duration `json:"duration,omitempty"`
}

// NewStarted is started.json of a run; records may be nil.
func NewStarted(spec *jobspec.Spec, records []CloneRecord, now time.Time) Started {
	started := Started{Timestamp: now.Unix(), Repos: map[string]string{}}
	if spec.Refs != nil {
		started.Repos[spec.Refs.OrgRepo()] = spec.Refs.String()
	}
	for i := range spec.ExtraRefs {
		refs := &spec.ExtraRefs[i]
		started.Repos[refs.OrgRepo()] = refs.String()
	}
	if spec.Refs != nil && len(spec.Refs.Pulls) > 0 {
		started.Pull = strconv.Itoa(spec.Refs.Pulls[0].Number)
	}
	main := spec.MainRefs()
	started.RepoCommit = jobspec.Revision(main)
	for i := range records {
		if main != nil && records[i].FinalSHA != "" && sameRefs(records[i].Refs, *main) {
			started.RepoCommit = records[i].FinalSHA
			break
		}
	}
	started.RepoVersion = started.RepoCommit
	return started
}

// NewFinished is finished.json of a run that ended.
func NewFinished(spec *jobspec.Spec, passed bool, result string, metadata map[string]any, now time.Time) Finished {
	return Finished{
		Timestamp: new(now.Unix()),
		Passed:    &passed,
		Metadata:  metadata,
		Result:    result,
		Revision:  jobspec.Revision(spec.MainRefs()),
	}
}

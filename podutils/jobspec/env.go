// SPDX-License-Identifier: Apache-2.0

package jobspec

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Env is the environment of every container of the run.
func (s *Spec) Env() (map[string]string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing job spec of %s: %w", s.Job, err)
	}
	env := map[string]string{
		"CI":          "true",
		"JOB_NAME":    s.Job,
		"BUILD_ID":    s.BuildID,
		"PROW_JOB_ID": s.ProwJobID,
		"JOB_TYPE":    string(s.Type),
		EnvName:       string(text),
	}
	if s.agent == prowv1.KubernetesAgent {
		env["BUILD_NUMBER"] = s.BuildID // from the days of Jenkins
	}
	if s.Type == prowv1.PeriodicJob || s.Refs == nil {
		return env, nil
	}
	addRefs(env, s.Refs)
	if s.Type != prowv1.PresubmitJob || len(s.Refs.Pulls) == 0 {
		return env, nil
	}
	pull := s.Refs.Pulls[0]
	env["PULL_NUMBER"] = strconv.Itoa(pull.Number)
	env["PULL_PULL_SHA"] = pull.SHA
	env["PULL_HEAD_REF"] = pull.HeadRef
	env["PULL_TITLE"] = pull.Title
	return env, nil
}

func addRefs(env map[string]string, refs *prowv1.Refs) {
	env["REPO_OWNER"] = refs.Org
	env["REPO_NAME"] = refs.Repo
	env["SRC_HOST"], env["SRC_BASE"] = source(refs)
	env["PULL_BASE_REF"] = refs.BaseRef
	env["PULL_BASE_SHA"] = refs.BaseSHA
	env["PULL_REFS"] = refs.String()
}

// source is where below $GOPATH/src the code lies: the host and the rest.
func source(refs *prowv1.Refs) (host, base string) {
	host, base = "github.com", refs.Org+"/"+refs.Repo
	place := refs.PathAlias
	if place == "" {
		place = refs.RepoLink
		if _, rest, ok := strings.Cut(place, "://"); ok {
			place = rest
		}
	}
	if place == "" {
		return host, base
	}
	first, rest, ok := strings.Cut(place, "/")
	if ok {
		base = rest
	}
	return first, base
}

// Names are the variables that a job of the type gets, and so may not set itself.
func Names(jobType prowv1.ProwJobType) []string {
	names := []string{"CI", "JOB_NAME", "BUILD_ID", "PROW_JOB_ID", "JOB_TYPE", EnvName, "BUILD_NUMBER"}
	if jobType == prowv1.PeriodicJob {
		return names
	}
	names = append(names, "REPO_OWNER", "REPO_NAME", "SRC_HOST", "SRC_BASE", "PULL_BASE_REF", "PULL_BASE_SHA", "PULL_REFS")
	if jobType == prowv1.PresubmitJob {
		names = append(names, "PULL_NUMBER", "PULL_PULL_SHA", "PULL_HEAD_REF", "PULL_TITLE")
	}
	return names
}

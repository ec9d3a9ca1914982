// SPDX-License-Identifier: Apache-2.0

// Package jobspec is what a job's processes know of their run: the JOB_SPEC
// variable, and the plain variables beside it.
package jobspec

import (
	"encoding/json"
	"errors"
	"fmt"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// EnvName names the environment variable with Spec as JSON.
const EnvName = "JOB_SPEC"

// Spec is the part of a ProwJob that its pod gets to see.
type Spec struct {
	Type             prowv1.ProwJobType       `json:"type,omitempty"`
	Job              string                   `json:"job,omitempty"`
	BuildID          string                   `json:"buildid,omitempty"`
	ProwJobID        string                   `json:"prowjobid,omitempty"`
	Refs             *prowv1.Refs             `json:"refs,omitempty"`
	ExtraRefs        []prowv1.Refs            `json:"extra_refs,omitempty"`
	DecorationConfig *prowv1.DecorationConfig `json:"decoration_config,omitempty"`

	agent prowv1.ProwJobAgent
}

// Of is the spec of a ProwJob's run; it needs the build ID in the status.
func Of(pj *prowv1.ProwJob) Spec {
	return Spec{
		Type:             pj.Spec.Type,
		Job:              pj.Spec.Job,
		BuildID:          pj.Status.BuildID,
		ProwJobID:        pj.Name,
		Refs:             pj.Spec.Refs,
		ExtraRefs:        pj.Spec.ExtraRefs,
		DecorationConfig: pj.Spec.DecorationConfig,
		agent:            pj.Spec.Agent,
	}
}

// FromEnv reads the spec of the run that this process is part of.
func FromEnv(lookup func(key string) (string, bool)) (*Spec, error) {
	text, ok := lookup(EnvName)
	if !ok {
		return nil, errors.New("environment variable " + EnvName + " is not set")
	}
	spec := &Spec{}
	if err := json.Unmarshal([]byte(text), spec); err != nil {
		return nil, fmt.Errorf("reading %s: %w", EnvName, err)
	}
	return spec, nil
}

// MainRefs is the code under test: the refs, else the first extra refs that are
// not auxiliary, else nil.
func (s *Spec) MainRefs() *prowv1.Refs {
	if s.Refs != nil {
		return s.Refs
	}
	for i := range s.ExtraRefs {
		if !s.ExtraRefs[i].Auxiliary {
			return &s.ExtraRefs[i]
		}
	}
	return nil
}

// Revision is what refs say of the commit under test: the first pull's SHA,
// else the base's SHA, else its branch.
func Revision(refs *prowv1.Refs) string {
	switch {
	case refs == nil:
		return ""
	case len(refs.Pulls) > 0:
		return refs.Pulls[0].SHA
	case refs.BaseSHA != "":
		return refs.BaseSHA
	}
	return refs.BaseRef
}

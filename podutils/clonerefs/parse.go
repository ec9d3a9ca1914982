// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"fmt"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// ParseRefs reads refs as the flag --repo gives them:
//
//	org,repo=base[:sha][,pull[:sha[:ref]]]...
func ParseRefs(text string) (prowv1.Refs, error) {
	name, places, ok := strings.Cut(text, "=")
	if !ok {
		return prowv1.Refs{}, fmt.Errorf("refs %q: no '=' after the repository", text)
	}
	org, repo, ok := strings.Cut(name, ",")
	if !ok || org == "" || repo == "" {
		return prowv1.Refs{}, fmt.Errorf("refs %q: must begin with org,repo=", text)
	}
	base, pulls, more := strings.Cut(places, ",")
	ref, sha, _ := strings.Cut(base, ":")
	if ref == "" || strings.Contains(sha, ":") {
		return prowv1.Refs{}, fmt.Errorf("refs %q: base must be branch or branch:sha", text)
	}
	refs := prowv1.Refs{Org: org, Repo: repo, BaseRef: ref, BaseSHA: sha}
	if !more {
		return refs, nil
	}
	for pull := range strings.SplitSeq(pulls, ",") {
		parsed, err := parsePull(pull)
		if err != nil {
			return prowv1.Refs{}, fmt.Errorf("refs %q: %w", text, err)
		}
		refs.Pulls = append(refs.Pulls, parsed)
	}
	return refs, nil
}

func parsePull(text string) (prowv1.Pull, error) {
	number, rest, _ := strings.Cut(text, ":")
	sha, ref, _ := strings.Cut(rest, ":")
	if strings.Contains(ref, ":") {
		return prowv1.Pull{}, fmt.Errorf("pull %q: must be number, number:sha or number:sha:ref", text)
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return prowv1.Pull{}, fmt.Errorf("pull %q: %q is no number", text, number)
	}
	return prowv1.Pull{Number: n, SHA: sha, Ref: ref}, nil
}

// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"knative.dev/pkg/apis"
)

// MergeMethod is how a pull becomes part of its base branch.
type MergeMethod string

// The methods.
const (
	// MergeCommit makes a merge commit. It is the default.
	MergeCommit MergeMethod = "merge"
	// MergeSquash makes one commit of the pull.
	MergeSquash MergeMethod = "squash"
	// MergeRebase puts the commits of the pull on top of the branch.
	MergeRebase MergeMethod = "rebase"
)

// MergeMethods says how pulls are merged. The keys are "org/repo@branch",
// "org/repo" and "org", each with a method; or "org" with a mapping of its
// repositories, as in
//
//	org:
//	  repo: squash
//	  other:
//	    release-.*: rebase
//	  "*": merge
//
// where "*" stands for all repositories that are not named, and branches are
// regular expressions that may match anywhere; of several that match, the first
// in the order of the alphabet counts. Of all that are for a branch,
// "org/repo@branch" comes first, and then the nested branch, "org/repo", the
// nested repository and "org".
type MergeMethods map[string]OrgMergeMethod

// OrgMergeMethod is a method, or methods by repository.
type OrgMergeMethod struct {
	Method MergeMethod
	Repos  map[string]RepoMergeMethod
}

// RepoMergeMethod is a method, or methods by branch.
type RepoMergeMethod struct {
	Method MergeMethod
	// Branches are by regular expression.
	Branches map[string]MergeMethod
}

// TwofoldFields is for the decoder.
func (OrgMergeMethod) TwofoldFields() (scalar, mapping string) { return "Method", "Repos" }

// TwofoldFields is for the decoder.
func (RepoMergeMethod) TwofoldFields() (scalar, mapping string) { return "Method", "Branches" }

// MarshalJSON writes what is set.
func (m OrgMergeMethod) MarshalJSON() ([]byte, error) {
	if len(m.Repos) > 0 {
		return json.Marshal(m.Repos)
	}
	return json.Marshal(m.Method)
}

// MarshalJSON writes what is set.
func (m RepoMergeMethod) MarshalJSON() ([]byte, error) {
	if len(m.Branches) > 0 {
		return json.Marshal(m.Branches)
	}
	return json.Marshal(m.Method)
}

// For is the method for pulls into a branch of a repo.
func (m MergeMethods) For(org, repo, branch string) MergeMethod {
	inOrg := m[org]
	nested, ok := inOrg.Repos[repo]
	if !ok {
		nested = inOrg.Repos["*"]
	}
	for _, method := range []MergeMethod{
		m[org+"/"+repo+"@"+branch].Method,
		nested.forBranch(branch),
		m[org+"/"+repo].Method,
		nested.Method,
		inOrg.Method,
	} {
		if method != "" {
			return method
		}
	}
	return MergeCommit
}

// forBranch is the method of the first expression that matches the branch; "" when none does.
func (m RepoMergeMethod) forBranch(branch string) MergeMethod {
	for _, expression := range slices.Sorted(maps.Keys(m.Branches)) {
		if matched, err := regexp.MatchString(expression, branch); err == nil && matched {
			return m.Branches[expression]
		}
	}
	return ""
}

func (m MergeMethods) validate() *apis.FieldError {
	var errs *apis.FieldError
	for _, org := range slices.Sorted(maps.Keys(m)) {
		wrong := m[org].Method.validate(true)
		for _, repo := range slices.Sorted(maps.Keys(m[org].Repos)) {
			wrong = wrong.Also(m[org].Repos[repo].validate().ViaKey(repo))
		}
		if len(m[org].Repos) > 0 && strings.Contains(org, "/") {
			wrong = wrong.Also(apis.ErrGeneric("has no effect: repositories are nested below an org", apis.CurrentField).At(apis.WarningLevel))
		}
		errs = errs.Also(wrong.ViaKey(org))
	}
	return errs
}

func (m RepoMergeMethod) validate() *apis.FieldError {
	errs := m.Method.validate(true)
	for _, branch := range slices.Sorted(maps.Keys(m.Branches)) {
		errs = errs.Also(m.Branches[branch].validate(false).ViaKey(branch))
		if _, err := regexp.Compile(branch); err != nil {
			errs = errs.Also(apis.ErrGeneric(err.Error(), apis.CurrentField).ViaKey(branch))
		}
	}
	return errs
}

// validate reports what is no method. unset says whether it may be.
func (m MergeMethod) validate(unset bool) *apis.FieldError {
	switch m {
	case MergeCommit, MergeSquash, MergeRebase:
		return nil
	case "":
		if unset {
			return nil
		}
		return apis.ErrMissingField(apis.CurrentField)
	}
	return apis.ErrInvalidValue(m, apis.CurrentField, "want merge, squash or rebase")
}

// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"reflect"
	"slices"

	"knative.dev/pkg/apis"
)

// Validate reports that branches are both included and excluded.
func (b *BranchProtection) Validate() *apis.FieldError {
	if len(b.Include) > 0 && len(b.Exclude) > 0 { // As Prow, at this level only.
		return exclusive("include", "exclude")
	}
	return nil
}

// isSet reports whether the policy says anything.
func (p Policy) isSet() bool { return !isEmpty(reflect.ValueOf(p)) }

// merge adds what a supplemental file says. A level may have its policy in one file only.
func (b *BranchProtection) merge(more *BranchProtection) *apis.FieldError {
	errs := b.Policy.merge(more.Policy).Also(
		once(&b.ProtectTested, more.ProtectTested, "protect-tested-repos"),
		once(&b.AllowDisabledPolicies, more.AllowDisabledPolicies, "allow_disabled_policies"),
		once(&b.AllowDisabledJobPolicies, more.AllowDisabledJobPolicies, "allow_disabled_job_policies"),
		once(&b.ProtectReposWithOptionalJobs, more.ProtectReposWithOptionalJobs, "protect_repos_with_optional_jobs"),
	)
	return errs.Also(mergeEach(&b.Orgs, more.Orgs, (*OrgProtection).merge).ViaField("orgs"))
}

func (o *OrgProtection) merge(more OrgProtection) *apis.FieldError {
	errs := o.Policy.merge(more.Policy)
	return errs.Also(mergeEach(&o.Repos, more.Repos, (*RepoProtection).merge).ViaField("repos"))
}

func (r *RepoProtection) merge(more RepoProtection) *apis.FieldError {
	errs := r.Policy.merge(more.Policy)
	return errs.Also(mergeEach(&r.Branches, more.Branches, (*Policy).merge).ViaField("branches"))
}

func (p *Policy) merge(more Policy) *apis.FieldError {
	switch {
	case !more.isSet():
	case p.isSet():
		return apis.ErrGeneric("has a policy in another file too", apis.CurrentField)
	default:
		*p = more
	}
	return nil
}

// once sets what may be set in one file only.
func once(into **bool, more *bool, field string) *apis.FieldError {
	switch {
	case more == nil:
	case *into != nil:
		return apis.ErrGeneric("is set in another file too", field)
	default:
		*into = more
	}
	return nil
}

// mergeEach merges each entry into the one of the same key.
func mergeEach[T any](into *map[string]T, more map[string]T, merge func(*T, T) *apis.FieldError) *apis.FieldError {
	var errs *apis.FieldError
	if *into == nil && more != nil {
		*into = map[string]T{}
	}
	for _, key := range slices.Sorted(maps.Keys(more)) {
		entry := (*into)[key]
		errs = errs.Also(merge(&entry, more[key]).ViaKey(key))
		(*into)[key] = entry
	}
	return errs
}

// mergeKeys adds entries whose keys may be in one file only.
func mergeKeys[M ~map[string]T, T any](into *M, more M) *apis.FieldError {
	var errs *apis.FieldError
	if *into == nil && more != nil {
		*into = M{}
	}
	for _, key := range slices.Sorted(maps.Keys(more)) {
		if _, twice := (*into)[key]; twice {
			errs = errs.Also(apis.ErrGeneric("is in another file too", apis.CurrentField).ViaKey(key))
			continue
		}
		(*into)[key] = more[key]
	}
	return errs
}

// isEmpty reports whether a value says nothing: empty lists and mappings do not.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	case reflect.Struct:
		for _, field := range v.Fields() {
			if !isEmpty(field) {
				return false
			}
		}
		return true
	default:
		return v.IsZero()
	}
}

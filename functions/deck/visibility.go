// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"slices"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// visibility says which runs are shown.
type visibility struct {
	showHidden, hiddenOnly bool
	tenants                []string
}

// globalTenant is the tenant of runs that have none of their own.
const globalTenant = "GlobalDefaultID"

// allows says whether the run is shown, given the repositories whose runs are hidden.
func (v visibility) allows(pj *prowv1.ProwJob, hiddenRepos []string) bool {
	tenant := ""
	if pj.Spec.ProwJobDefault != nil {
		tenant = pj.Spec.ProwJobDefault.TenantID
	}
	if len(v.tenants) > 0 {
		return slices.Contains(v.tenants, tenant)
	}
	hidden := pj.Spec.Hidden || refersTo(pj, hiddenRepos)
	switch {
	case v.hiddenOnly:
		return hidden
	case v.showHidden:
		return true
	}
	return !hidden && (tenant == "" || tenant == globalTenant)
}

// refersTo says whether any refs of the run are of one of the orgs and org/repos.
func refersTo(pj *prowv1.ProwJob, repos []string) bool {
	listed := func(refs prowv1.Refs) bool {
		return slices.Contains(repos, refs.Org) || slices.Contains(repos, refs.OrgRepo())
	}
	return pj.Spec.Refs != nil && listed(*pj.Spec.Refs) || slices.ContainsFunc(pj.Spec.ExtraRefs, listed)
}

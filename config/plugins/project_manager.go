// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"fmt"
	"maps"
	"slices"

	"knative.dev/pkg/apis"
)

// ProjectManager configures the project-manager plugin, which puts issues on
// boards of classic projects by their labels.
type ProjectManager struct {
	// OrgRepos are by org or org/repo.
	OrgRepos map[string]ManagedRepo `json:"orgsRepos,omitempty"`
}

// ManagedRepo is the projects of an org or a repo.
type ManagedRepo struct {
	// Projects are by name.
	Projects map[string]ManagedProject `json:"projects,omitempty"`
}

// ManagedProject is a project.
type ManagedProject struct {
	// Columns are the columns that get cards; the first that fits an issue does.
	Columns []ManagedColumn `json:"columns,omitempty"`
}

// ManagedColumn is a column of a project and the issues that go there.
type ManagedColumn struct {
	// ID is the number of the column; it or Name is needed.
	ID *int `json:"id,omitempty"`
	// Name is the name of the column.
	Name string `json:"name,omitempty"`
	// State is open, closed or all: the state of the issues that fit.
	State string `json:"state,omitempty"`
	// Labels are labels that an issue must all have; no two columns have the same ones.
	Labels []string `json:"labels,omitempty"`
	// Org is the org of the issues that fit.
	Org string `json:"org,omitempty"`
}

// Validate reports projects without columns and columns that no issue could go to.
func (m ProjectManager) Validate() *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(m.OrgRepos)) {
		of := m.OrgRepos[key]
		if len(of.Projects) == 0 {
			errs = errs.Also(apis.ErrMissingField("projects").ViaFieldKey("orgsRepos", key))
		}
		for _, name := range slices.Sorted(maps.Keys(of.Projects)) {
			errs = errs.Also(of.Projects[name].validate().ViaFieldKey("projects", name).ViaFieldKey("orgsRepos", key))
		}
	}
	return errs
}

func (p ManagedProject) validate() *apis.FieldError {
	if len(p.Columns) == 0 {
		return apis.ErrMissingField("columns")
	}
	var errs *apis.FieldError
	seen := map[string]int{}
	for i, column := range p.Columns {
		errs = errs.Also(column.validate().ViaFieldIndex("columns", i))
		labels := fmt.Sprintf("%q", slices.Compact(slices.Sorted(slices.Values(column.Labels))))
		if other, ok := seen[labels]; ok {
			errs = errs.Also(apis.ErrGeneric(fmt.Sprintf("are those of columns[%d] too", other), "labels").ViaFieldIndex("columns", i))
		}
		seen[labels] = i
	}
	return errs
}

func (c ManagedColumn) validate() *apis.FieldError {
	var errs *apis.FieldError
	if c.ID == nil && c.Name == "" {
		errs = errs.Also(apis.ErrGeneric("is missing; it or id is needed", "name"))
	}
	if len(c.Labels) == 0 {
		errs = errs.Also(apis.ErrMissingField("labels"))
	}
	if c.Org == "" {
		errs = errs.Also(apis.ErrMissingField("org"))
	}
	if !slices.Contains([]string{"open", "closed", "all"}, c.State) {
		errs = errs.Also(apis.ErrGeneric("want open, closed or all", "state").At(apis.WarningLevel))
	}
	return errs
}

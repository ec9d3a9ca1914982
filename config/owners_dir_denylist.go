// SPDX-License-Identifier: Apache-2.0

package config

import (
	"regexp"
	"slices"

	"knative.dev/pkg/apis"
)

// OwnersDirDenylist names folders whose OWNERS files do not count.
type OwnersDirDenylist struct {
	// Repos are regular expressions by org or org/repo.
	Repos map[string][]string `json:"repos,omitempty"`
	// Default are those for all repos.
	Default []string `json:"default,omitempty"`
	// IgnorePreconfiguredDefaults leaves out `\.git$`, `_output$` and `vendor/.*/.*`.
	IgnorePreconfiguredDefaults bool `json:"ignore_preconfigured_defaults,omitempty"`
}

// preconfigured are denied everywhere unless the configuration says otherwise.
func preconfigured() []string { return []string{`\.git$`, `_output$`, `vendor/.*/.*`} }

// DeniedFor are the regular expressions for a repo.
func (o *OwnersDirDenylist) DeniedFor(org, repo string) []string {
	if o == nil {
		return preconfigured()
	}
	denied := slices.Concat(o.Repos[org+"/"+repo], o.Repos[org], o.Default)
	if !o.IgnorePreconfiguredDefaults {
		denied = append(denied, preconfigured()...)
	}
	return denied
}

// Validate reports regular expressions that do not compile.
func (o *OwnersDirDenylist) Validate() *apis.FieldError {
	if o == nil {
		return nil
	}
	errs := validExpressions(o.Default, "default")
	for key, expressions := range o.Repos {
		errs = errs.Also(validExpressions(expressions, apis.CurrentField).ViaFieldKey("repos", key))
	}
	return errs
}

func validExpressions(expressions []string, field string) *apis.FieldError {
	var errs *apis.FieldError
	for i, expression := range expressions {
		if _, err := regexp.Compile(expression); err != nil {
			errs = errs.Also(apis.ErrInvalidValue(expression, apis.CurrentField, err.Error()).ViaFieldIndex(field, i))
		}
	}
	return errs
}

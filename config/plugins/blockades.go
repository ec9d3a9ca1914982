// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"regexp"

	"knative.dev/pkg/apis"
)

// Blockade keeps pulls that change certain files from merging, with the label
// do-not-merge/blocked-paths; the blockade plugin sets it.
type Blockade struct {
	// Repos are orgs and org/repos. All blockades for a repo count.
	Repos []string `json:"repos,omitempty"`
	// BranchRegexp is a regular expression for the base branches that are meant; all when unset.
	BranchRegexp *string `json:"branchregexp,omitempty"`
	// BlockRegexps are regular expressions for the paths of files that may not change; none blocks nothing.
	BlockRegexps []string `json:"blockregexps,omitempty"`
	// ExceptionRegexps are regular expressions for paths that may change all the same.
	ExceptionRegexps []string `json:"exceptionregexps,omitempty"`
	// Explanation says in the comment on the pull why; "Files are protected" when unset.
	Explanation string `json:"explanation,omitempty"`
}

// BlockadesFor are the blockades for a branch of a repo.
func (c *Configuration) BlockadesFor(org, repo, branch string) []Blockade {
	var found []Blockade
	for _, b := range c.Blockades {
		if listed(b.Repos, org, repo) && (b.BranchRegexp == nil || matches(*b.BranchRegexp, branch)) {
			found = append(found, b)
		}
	}
	return found
}

// Validate reports regular expressions that do not compile. For paths that is
// no error, as in Prow: only the blockade does not work.
func (b Blockade) Validate() *apis.FieldError {
	var errs *apis.FieldError
	if b.BranchRegexp != nil {
		errs = errs.Also(compiles(*b.BranchRegexp, "branchregexp"))
	}
	return errs.Also(
		allCompile(b.BlockRegexps, "blockregexps").At(apis.WarningLevel),
		allCompile(b.ExceptionRegexps, "exceptionregexps").At(apis.WarningLevel),
	)
}

// compiles reports a regular expression that does not.
func compiles(expression, field string) *apis.FieldError {
	if _, err := regexp.Compile(expression); err != nil {
		return apis.ErrInvalidValue(expression, field, err.Error())
	}
	return nil
}

func allCompile(expressions []string, field string) *apis.FieldError {
	var errs *apis.FieldError
	for i, expression := range expressions {
		errs = errs.Also(compiles(expression, apis.CurrentField).ViaFieldIndex(field, i))
	}
	return errs
}

// matches reports whether a regular expression matches somewhere in the text; one that does not compile never does.
func matches(expression, text string) bool {
	re, err := regexp.Compile(expression)
	return err == nil && re.MatchString(text)
}

// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
)

// Selection says which checks to run.
type Selection struct {
	// Names are the checks to run; those that run by default when empty.
	Names []string
	// Exclude are checks not to run.
	Exclude []string
	// WithDefaults adds the default checks to Names.
	WithDefaults bool
	// Expensive adds to the default checks all others.
	Expensive bool
	// App adds validate-github-app-installation: there is a GitHub App to ask with.
	App bool
}

// Select is the checks that are selected, in the order of All, and what is odd
// about the selection. An error is a name that no check has.
func (s Selection) Select() ([]Check, []Finding, error) {
	var errs []error
	for _, name := range s.Names {
		if !exists(name) {
			errs = append(errs, fmt.Errorf("there is no check %q%s", name, didYouMean(name, names())))
		}
	}
	var odd []Finding
	for _, name := range s.Exclude {
		if !exists(name) {
			odd = append(odd, Finding{Level: Notice, Problem: document.Problem{Message: fmt.Sprintf("there is no check %q to exclude%s", name, didYouMean(name, names()))}})
		}
	}
	var selected []Check
	for _, c := range All() {
		if s.selects(c) {
			selected = append(selected, c)
		}
	}
	return selected, odd, errors.Join(errs...)
}

func (s Selection) selects(c Check) bool {
	if c.When == Always {
		return true
	}
	byDefault := (len(s.Names) == 0 || s.WithDefaults) && (c.When == Default || s.Expensive)
	named := slices.Contains(s.Names, c.Name) || s.App && c.Name == appCheck
	if c.Name == lenientCheck && s.selects(Check{Name: strictCheck, When: Default}) {
		return false // It would say the same once more.
	}
	return (byDefault || named) && !slices.Contains(s.Exclude, c.Name)
}

// The checks that depend on something else.
const (
	strictCheck  = "mismatched-tide"
	lenientCheck = strictCheck + "-lenient"
	appCheck     = "validate-github-app-installation"
)

func exists(name string) bool { return slices.Contains(names(), name) }

func names() []string {
	var all []string
	for _, c := range All() {
		all = append(all, c.Name)
	}
	return all
}

// Table is the checks as a table in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| check | finds | runs |\n|---|---|---|\n")
	for _, c := range All() {
		when := string(c.When)
		if c.Needs&PluginsFile != 0 {
			when += ", with --plugins"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.Finds, when)
	}
	return b.String()
}

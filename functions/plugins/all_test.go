// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"slices"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
)

// Every plugin explains itself, and obeys the examples that it gives.
func TestPluginsExplainThemselves(t *testing.T) {
	all := All(Clients{})
	if !slices.IsSortedFunc(all, func(a, b plugin.Plugin) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the plugins are not sorted by name")
	}
	for _, p := range all {
		if p.Help.Description == "" || len(p.Events()) == 0 {
			t.Errorf("plugin %s has no description, or reacts to nothing", p.Name)
		}
		for _, c := range p.Commands {
			if c.Usage == "" || c.Description == "" || c.WhoCanUse == "" || len(c.Examples) == 0 || c.Match == nil {
				t.Errorf("plugin %s: command %q is not explained", p.Name, c.Usage)
				continue
			}
			for _, example := range c.Examples {
				if !c.Match(example) || c.Match("x"+example) {
					t.Errorf("plugin %s: command %q does not obey exactly its example %q", p.Name, c.Usage, example)
				}
			}
		}
	}
}

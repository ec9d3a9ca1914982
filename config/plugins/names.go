// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
)

// Known are the names of Prow's plugins, and whether Cutwater has them.
func Known() map[string]bool {
	return map[string]bool{
		"approve":                false,
		"assign":                 false,
		"blockade":               false,
		"blunderbuss":            false,
		"branchcleaner":          false,
		"bugzilla":               false,
		"buildifier":             false,
		"cat":                    false,
		"cherry-pick-approved":   false,
		"cherry-pick-unapproved": false,
		"cla":                    false,
		"config-updater":         false,
		"dco":                    false,
		"dog":                    false,
		"golint":                 false,
		"goose":                  false,
		"heart":                  false,
		"help":                   false,
		"hold":                   true,
		"invalidcommitmsg":       false,
		"issue-management":       false,
		"jira":                   false,
		"label":                  false,
		"lgtm":                   false,
		"lifecycle":              false,
		"merge-method-comment":   false,
		"mergecommitblocker":     false,
		"milestone":              false,
		"milestoneapplier":       false,
		"milestonestatus":        false,
		"override":               false,
		"owners-label":           false,
		"pony":                   false,
		"project":                false,
		"project-manager":        false,
		"release-note":           false,
		"require-matching-label": false,
		"retitle":                false,
		"rifle":                  false,
		"shrug":                  false,
		"sigmention":             false,
		"size":                   false,
		"skip":                   false,
		"slackevents":            false,
		"stage":                  false,
		"testfreeze":             false,
		"trick-or-treat":         false,
		"trigger":                true,
		"verify-owners":          false,
		"welcome":                false,
		"wip":                    false,
		"yuks":                   false,
	}
}

// names collects what is odd about the names of plugins.
type names struct {
	known   map[string]bool
	unknown document.Problems
	// missing are the first places of plugins that are not there yet.
	missing map[string]document.Problem
	// times is how often each of those is enabled.
	times map[string]int
}

func newNames() *names {
	return &names{known: Known(), missing: map[string]document.Problem{}, times: map[string]int{}}
}

// add looks at a name that is enabled at a path of a document.
func (n *names) add(doc *document.Document, path, name string) {
	here, known := n.known[name]
	switch {
	case here:
	case known:
		if n.times[name] == 0 {
			n.missing[name] = document.Problem{Position: doc.Locate(path), Path: path}
		}
		n.times[name]++
	default:
		message := "nobody has a plugin " + name + n.hint(name)
		n.unknown = append(n.unknown, document.Problem{Position: doc.Locate(path), Path: path, Message: message})
	}
}

// hint says what was probably meant by a name that nobody has.
func (n *names) hint(name string) string {
	former := map[string]string{"transfer-issue": "issue-management"} // plugins that became part of others
	if now := former[name]; now != "" {
		return "; " + now + " does what it did"
	}
	if like := document.Closest(name, slices.Sorted(maps.Keys(n.known))); like != "" {
		return "; did you mean " + like + "?"
	}
	return ""
}

// notices has one line for each plugin that is not there yet, wherever it is enabled.
func (n *names) notices() document.Problems {
	var notices document.Problems
	for name, p := range n.missing {
		p.Message = "the plugin " + name + " is not there yet, and does nothing"
		if times := n.times[name]; times > 1 {
			p.Message += fmt.Sprintf("; it is enabled %d times", times)
		}
		notices = append(notices, p)
	}
	return notices
}

// enabled looks at what one file enables: the names, and the form they are in.
func (l *loader) enabled(doc *document.Document, c *Configuration) {
	for key, plugins := range doc.Root().Keys() {
		if !strings.EqualFold(key, "plugins") {
			continue
		}
		var older, newer string
		for orgRepo, of := range plugins.Keys() {
			path, inner := key+"["+orgRepo+"]", ".plugins"
			switch firstByte(of) {
			case '[':
				older, inner = path, ""
			case '{':
				newer = path
			}
			for i, name := range c.Plugins[orgRepo].Plugins {
				l.names.add(doc, fmt.Sprintf("%s%s[%d]", path, inner, i), name)
			}
		}
		switch {
		case older != "" && newer != "":
			l.problem(&l.errors, doc, older, "is a list, the older form, while "+newer+" is a mapping: one file has one form")
		case older != "":
			l.problem(&l.notices, doc, key, "has the older form, lists of names; {plugins: [NAME]} is the newer")
		}
	}
}

// firstByte tells, as the first of its JSON, what a value is.
func firstByte(n document.Node) byte {
	text, err := n.JSON()
	if err != nil || len(text) == 0 {
		return 0
	}
	return text[0]
}

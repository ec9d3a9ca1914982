// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
)

const defaultSupplementalSuffix = "_pluginconfig.yaml"

// supplemental are the keys that supplemental files may set.
func supplemental() []string {
	return []string{"approve", "bugzilla", "external_plugins", "label.restricted_labels", "lgtm", "plugins", "triggers", "welcome"}
}

// supplement merges in the supplemental files, which may set only some keys.
func (l *loader) supplement(c *Configuration, files Files) {
	suffix := cmp.Or(files.SupplementalSuffix, defaultSupplementalSuffix)
	document.FindEnding(files.SupplementalDirs, suffix, &l.errors, func(doc *document.Document) {
		f := l.decode(doc)
		l.checkSupplement(doc, f)
		l.merge(c, f, doc)
	})
}

// checkSupplement reports keys that only the main file may set.
func (l *loader) checkSupplement(doc *document.Document, f *Configuration) {
	misplaced := func(path string) {
		l.problem(&l.errors, doc, path, "may not be in a supplemental file: only "+strings.Join(supplemental(), ", ")+" may")
	}
	v := reflect.ValueOf(f).Elem()
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch {
		case key == "-" || isEmpty(v.Field(i)) || slices.Contains(supplemental(), key):
		case key != "label":
			misplaced(key)
		case len(f.Label.AdditionalLabels) > 0:
			misplaced("label.additional_labels")
		}
	}
}

// isEmpty reports whether a key sets nothing.
func isEmpty(v reflect.Value) bool {
	if kind := v.Kind(); kind == reflect.Map || kind == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

// merge adds a supplemental file to what is there. Lists are appended; the
// entry of an org or repo in a map may be in one file only.
func (l *loader) merge(c, f *Configuration, doc *document.Document) {
	m := &merger{loader: l, doc: doc}
	mergeMap(m, "plugins", &c.Plugins, f.Plugins)
	mergeMap(m, "external_plugins", &c.ExternalPlugins, f.ExternalPlugins)
	mergeList(m, "approve", &c.Approve, f.Approve)
	mergeList(m, "lgtm", &c.Lgtm, f.Lgtm)
	mergeList(m, "triggers", &c.Triggers, f.Triggers)
	mergeList(m, "welcome", &c.Welcome, f.Welcome)
	m.labels(&c.Label, f.Label)
	m.bugzilla(&c.Bugzilla, f.Bugzilla)
}

// merger adds one supplemental file.
type merger struct {
	*loader
	doc *document.Document
}

func (m *merger) twice(path string) { m.problem(&m.errors, m.doc, path, "is in another file too") }

// came notes where a part of the merged configuration comes from.
func (m *merger) came(merged, own string) { m.origins[merged] = origin{m.doc, own} }

// mergeMap adds entries of a map.
func mergeMap[T any](m *merger, path string, into *map[string]T, from map[string]T) {
	for key, value := range from {
		at := path + "[" + key + "]"
		if _, ok := (*into)[key]; ok {
			m.twice(at)
			continue
		}
		if *into == nil {
			*into = map[string]T{}
		}
		(*into)[key] = value
		m.came(at, at)
	}
}

// mergeList appends entries of a list.
func mergeList[T any](m *merger, path string, into *[]T, from []T) {
	for i, value := range from {
		m.came(fmt.Sprintf("%s[%d]", path, len(*into)), fmt.Sprintf("%s[%d]", path, i))
		*into = append(*into, value)
	}
}

// labels adds restricted labels. One file says who may set a label.
func (m *merger) labels(into *Label, from Label) {
	for key, labels := range from.RestrictedLabels {
		path := "label.restricted_labels[" + key + "]"
		for i, label := range labels {
			same := func(other RestrictedLabel) bool { return other.Label == label.Label }
			if slices.ContainsFunc(into.RestrictedLabels[key], same) {
				m.twice(fmt.Sprintf("%s[%d]", path, i))
			}
		}
		if into.RestrictedLabels == nil {
			into.RestrictedLabels = map[string][]RestrictedLabel{}
		}
		into.RestrictedLabels[key] = append(into.RestrictedLabels[key], labels...)
	}
}

// bugzilla adds options.
func (m *merger) bugzilla(into *Bugzilla, from Bugzilla) {
	m.options("bugzilla.default", &into.Default, from.Default)
	for org, more := range from.Orgs {
		path := "bugzilla.orgs[" + org + "]"
		of := into.Orgs[org]
		m.options(path+".default", &of.Default, more.Default)
		mergeMap(m, path+".repos", &of.Repos, more.Repos)
		if into.Orgs == nil {
			into.Orgs = map[string]BugzillaOrg{}
		}
		into.Orgs[org] = of
	}
}

// options sets options that one file alone may give.
func (m *merger) options(path string, into *map[string]BugzillaOptions, from map[string]BugzillaOptions) {
	switch {
	case from == nil:
	case *into != nil:
		m.twice(path)
	default:
		*into = from
		m.came(path, path)
	}
}

// origin is where in a supplemental file a part of the configuration is.
type origin struct {
	doc  *document.Document
	path string
}

// origins are by the path in the merged configuration.
type origins map[string]origin

// of is the document that a path of the merged configuration leads into, and the path in it.
func (o origins) of(main *document.Document, path string) (*document.Document, string) {
	for end := len(path); end > 0; end-- {
		if from, ok := o[path[:end]]; ok {
			return from.doc, from.path + path[end:]
		}
	}
	return main, path
}

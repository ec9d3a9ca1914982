// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"reflect"
	"strings"

	"knative.dev/pkg/apis"

	"github.com/cutwater-ci/cutwater/config/document"
)

// defaultSupplementalSuffix ends the names of supplemental files.
const defaultSupplementalSuffix = "_prowconfig.yaml"

// supplement merges in the supplemental files, which may set only some keys.
func (l *loading) supplement(c *Config, files Files) {
	suffix := cmp.Or(files.SupplementalSuffix, defaultSupplementalSuffix)
	document.FindEnding(files.SupplementalConfigDirs, suffix, &l.errors, func(doc *document.Document) {
		more := &Config{}
		l.take(l.decoder.DecodeNode(doc.Root(), more))
		l.misplaced(doc, reflect.ValueOf(*more), "")
		c.noteUnread(doc)
		more.SlackReporterConfigs.setDefaults()
		l.invalid(doc, more.validateMergeable().Also(c.merge(more)))
	})
}

// mergeable reports whether a path is of what supplemental files may set, or leads there.
func mergeable(path string) (whole, partly bool) {
	switch path {
	case "branch-protection", "slack_reporter_configs", "tide.merge_method", "tide.queries":
		return true, true
	default:
		return false, path == "tide"
	}
}

// misplaced reports what is set by a supplemental file and may not be. To set nothing is fine.
func (l *loading) misplaced(doc *document.Document, v reflect.Value, below string) {
	for field, value := range v.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		path := below + name
		whole, partly := mergeable(path)
		switch {
		case whole || name == "" || name == "-" || isEmpty(value):
		case partly:
			l.misplaced(doc, value, path+".")
		default:
			l.errors = append(l.errors, document.Problem{
				Position: doc.Locate(path), Path: path,
				Message: "may not be in a supplemental file: only branch-protection, slack_reporter_configs, tide.merge_method and tide.queries may",
			})
		}
	}
}

// validateMergeable reports what is wrong in what supplemental files may set.
func (c *Config) validateMergeable() *apis.FieldError {
	return c.Tide.validateMergeable().ViaField("tide").Also(
		c.BranchProtection.Validate().ViaField("branch-protection"),
		c.SlackReporterConfigs.Validate().ViaField("slack_reporter_configs"),
	)
}

// merge adds what a supplemental file says.
func (c *Config) merge(more *Config) *apis.FieldError {
	return c.Tide.merge(&more.Tide).ViaField("tide").Also(
		c.BranchProtection.merge(&more.BranchProtection).ViaField("branch-protection"),
		mergeKeys(&c.SlackReporterConfigs, more.SlackReporterConfigs).ViaField("slack_reporter_configs"),
	)
}

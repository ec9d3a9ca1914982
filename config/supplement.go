// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"slices"

	"github.com/cutwater-ci/cutwater/config/document"
)

// defaultSupplementalSuffix ends the names of supplemental files.
const defaultSupplementalSuffix = "_prowconfig.yaml"

// supplement reads the supplemental files, which may set only some keys.
func (l *loader) supplement(c *Config, files Files) {
	suffix := cmp.Or(files.SupplementalSuffix, defaultSupplementalSuffix)
	document.FindEnding(files.SupplementalConfigDirs, suffix, &l.errors, func(doc *document.Document) {
		l.checkSupplement(doc)
		c.Rest.Supplements = append(c.Rest.Supplements, doc.Root())
	})
}

func (l *loader) checkSupplement(doc *document.Document) {
	keys := map[string]document.Node{}
	l.take(l.decoder.Decode(doc, &keys))
	for key, value := range doc.Root().Keys() {
		switch key {
		case "branch-protection", "slack_reporter_configs":
		case "tide":
			l.errors = append(l.errors, l.decoder.DecodeNode(value, &map[string]document.Node{}).Errors...)
			for inner, at := range value.Keys() {
				if !slices.Contains([]string{"merge_method", "queries"}, inner) {
					l.misplaced(at, "tide."+inner)
				}
			}
		default:
			l.misplaced(value, key)
			continue
		}
		l.warnings = append(l.warnings, unread(value, key))
	}
}

func (l *loader) misplaced(at document.Node, path string) {
	l.errors = append(l.errors, document.Problem{
		Position: at.Position(), Path: path,
		Message: "may not be in a supplemental file: only branch-protection, slack_reporter_configs, tide.merge_method and tide.queries may",
	})
}

// SPDX-License-Identifier: Apache-2.0

package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// Files names the files of a configuration.
type Files struct {
	Config config.Files
	// Plugins is without plugins.yaml when Config of it is empty.
	Plugins plugins.Files
}

// Load reads what checks look at, Facts and Annotations aside, and says what
// is wrong with it. Of a config.yaml with errors the rest is there.
func Load(ctx context.Context, files Files) (Input, []Finding) {
	in := Input{Files: files}
	var found []Finding
	take := func(warnings []document.Problem) {
		for _, w := range warnings {
			if w.Kind == document.UnknownKey {
				in.Unknown = append(in.Unknown, w)
			}
		}
		found = append(found, known(Notice, warnings)...)
	}
	var err error
	if in.Config, err = config.Examine(ctx, files.Config); in.Config != nil {
		take(in.Config.Warnings)
	}
	wrong := failures(files.Config.Config, err)
	found = append(found, wrong...)
	if files.Plugins.Config != "" {
		p, err := plugins.Load(ctx, files.Plugins)
		if err == nil {
			in.Plugins = p
			take(p.Warnings)
			take(p.Notices)
		}
		found = append(found, failures(files.Plugins.Config, err)...)
	}
	in.readShards()
	in.readQueries()
	in.takeErrors(wrong)
	return in, found
}

// failures are the errors of loading.
func failures(file string, err error) []Finding {
	if err == nil {
		return nil
	}
	var problems document.Problems
	if !errors.As(err, &problems) {
		problems.Add(file, err)
	}
	return known(Error, problems)
}

// The ends of the names of supplemental files, where nobody says something else.
const (
	defaultConfigSuffix  = "_prowconfig.yaml"
	defaultPluginsSuffix = "_pluginconfig.yaml"
)

// readShards reads the supplemental files. What cannot be read is an error of loading already.
func (in *Input) readShards() {
	var known document.Problems
	read := func(part Part, roots []string, suffix string) {
		for _, root := range roots {
			document.FindEnding([]string{root}, suffix, &known, func(doc *document.Document) {
				relative := strings.TrimPrefix(filepath.ToSlash(doc.File()), filepath.ToSlash(filepath.Clean(root))+"/")
				in.Shards = append(in.Shards, Shard{Part: part, Relative: relative, Document: doc})
			})
		}
	}
	read(ConfigFile, in.Files.Config.SupplementalConfigDirs, cmp.Or(in.Files.Config.SupplementalSuffix, defaultConfigSuffix))
	read(PluginsFile, in.Files.Plugins.SupplementalDirs, cmp.Or(in.Files.Plugins.SupplementalSuffix, defaultPluginsSuffix))
}

// readQueries reads the queries of tide as they are written.
func (in *Input) readQueries() {
	read := func(doc *document.Document) {
		var file struct {
			Tide struct {
				Queries []config.TideQuery `json:"queries"`
			} `json:"tide"`
		}
		(&document.Decoder{}).Decode(doc, &file)
		for i, q := range file.Tide.Queries {
			in.Queries = append(in.Queries, Query{TideQuery: q, File: doc.File(), Path: fmt.Sprintf("tide.queries[%d]", i)})
		}
	}
	if main, err := document.Read(in.Files.Config.Config); err == nil {
		read(main)
	}
	for _, shard := range in.Shards {
		if shard.Part == ConfigFile {
			read(shard.Document)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// Shard is a supplemental file.
type Shard struct {
	// Part says of what.
	Part Part
	// Relative is its path below the folder that was searched, with slashes.
	Relative string
	// Document is what is in it.
	Document *document.Document
}

// everything is the scope of what is not for an org or repo.
const everything = ""

// scopes are the orgs and org/repos that a shard configures, and everything; each with a path of it.
type scopes map[string]string

func (s scopes) add(scope, path string) {
	if _, ok := s[scope]; !ok {
		s[scope] = path
	}
}

// supplementHierarchy finds supplemental files that are not where their names say: whoever
// may change the files of a folder would change what is not theirs.
func supplementHierarchy(in Input) []Finding {
	var found []Finding
	for _, shard := range in.Shards {
		found = append(found, shard.misplaced()...)
	}
	return found
}

func (s Shard) misplaced() []Finding {
	elements := strings.Split(s.Relative, "/")
	folders := elements[:len(elements)-1]
	switch len(folders) {
	case 0:
		return nil
	case 1, 2:
	default:
		return []Finding{s.finding("", "is deeper than the folders ORG and ORG/REPO, in which supplemental files are")}
	}
	want := strings.Join(folders, "/")
	of := s.scopes()
	var found []Finding
	for _, scope := range slices.Sorted(maps.Keys(of)) {
		switch scope {
		case want:
		case everything:
			found = append(found, s.finding(of[scope], "is for everything, in a file that may only be about %s", want))
		default:
			found = append(found, s.finding(of[scope], "is about %s, in a file that may only be about %s", scope, want))
		}
	}
	if len(of) == 0 {
		found = append(found, s.finding("", "says nothing about %s", want))
	}
	return found
}

func (s Shard) finding(path, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{
		Position: document.Position{File: s.Document.File()}, Path: path, Message: fmt.Sprintf(format, args...),
	}}
}

func (s Shard) scopes() scopes {
	of := scopes{}
	if s.Part == PluginsFile {
		var file plugins.Configuration
		(&document.Decoder{}).Decode(s.Document, &file)
		pluginScopes(&file, of)
		return of
	}
	var file config.Config
	(&document.Decoder{}).Decode(s.Document, &file)
	configScopes(&file, of)
	return of
}

// configScopes are those of what a supplement of config.yaml may have.
func configScopes(c *config.Config, of scopes) {
	b := &c.BranchProtection
	if hasSettings(b.Policy) || b.Unmanaged != nil || b.ProtectTested != nil || b.AllowDisabledPolicies != nil ||
		b.AllowDisabledJobPolicies != nil || b.ProtectReposWithOptionalJobs != nil {
		of.add(everything, "branch-protection")
	}
	for org, inOrg := range b.Orgs {
		path := "branch-protection.orgs[" + org + "]"
		if hasSettings(inOrg.Policy) || inOrg.Unmanaged != nil {
			of.add(org, path)
		}
		for repo := range inOrg.Repos {
			of.add(org+"/"+repo, path+".repos["+repo+"]")
		}
	}
	for key := range c.Tide.MergeMethod {
		repo, _, _ := strings.Cut(key, "@")
		of.add(repo, "tide.merge_method["+key+"]")
	}
	for i, q := range c.Tide.Queries {
		for j, org := range q.Orgs {
			of.add(org, fmt.Sprintf("tide.queries[%d].orgs[%d]", i, j))
		}
		for j, repo := range q.Repos {
			of.add(repo, fmt.Sprintf("tide.queries[%d].repos[%d]", i, j))
		}
	}
	addKeys(of, "slack_reporter_configs", c.SlackReporterConfigs)
}

// pluginScopes are those of what a supplement of plugins.yaml may have.
func pluginScopes(c *plugins.Configuration, of scopes) {
	addKeys(of, "plugins", c.Plugins)
	addKeys(of, "external_plugins", c.ExternalPlugins)
	addKeys(of, "label.restricted_labels", c.Label.RestrictedLabels)
	lists := map[string][][]string{}
	for _, entry := range c.Approve {
		lists["approve"] = append(lists["approve"], entry.Repos)
	}
	for _, entry := range c.Lgtm {
		lists["lgtm"] = append(lists["lgtm"], entry.Repos)
	}
	for _, entry := range c.Triggers {
		lists["triggers"] = append(lists["triggers"], entry.Repos)
	}
	for _, entry := range c.Welcome {
		lists["welcome"] = append(lists["welcome"], entry.Repos)
	}
	for key, entries := range lists {
		for i, repos := range entries {
			for j, repo := range repos {
				of.add(repo, fmt.Sprintf("%s[%d].repos[%d]", key, i, j))
			}
		}
	}
	if len(c.Bugzilla.Default) > 0 {
		of.add(everything, "bugzilla.default")
	}
	for org, inOrg := range c.Bugzilla.Orgs {
		path := "bugzilla.orgs[" + org + "]"
		if len(inOrg.Default) > 0 {
			of.add(org, path)
		}
		for repo := range inOrg.Repos {
			of.add(org+"/"+repo, path+".repos["+repo+"]")
		}
	}
}

// addKeys adds the keys of a mapping by org, org/repo or "*".
func addKeys[T any](of scopes, path string, byKey map[string]T) {
	for key := range byKey {
		scope := key
		if key == "*" {
			scope = everything
		}
		of.add(scope, path+"["+key+"]")
	}
}

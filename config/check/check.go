// SPDX-License-Identifier: Apache-2.0

// Package check finds what is wrong or odd in a whole configuration:
// config.yaml, plugins.yaml, job files and their supplements. All lists the
// checks; each is a pure function, in a file of its own.
//
// Started by `cutwater check`. Changes: nothing. Config: all of it, and no
// client: what a check must know of the world is in its Input. In Prow:
// checkconfig, whose names the checks keep.
package check

import (
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// Check is one thing to look for.
type Check struct {
	// Name is what --warnings and --exclude-warning call it.
	Name string
	// Finds says what it finds, in one sentence.
	Finds string
	// When says whether it runs if nobody names it.
	When When
	// Needs is what must have been loaded. Of plugins.yaml that is all or nothing.
	Needs Part
	// Reads are the top-level keys of config.yaml that must be without errors, as
	// the check would find what is not so. It gets no jobs that have errors.
	Reads []string
	// Run is the check. What it finds is a warning unless it says otherwise.
	Run func(Input) []Finding
}

// When says whether a check runs if nobody names it.
type When string

// The answers.
const (
	// Always: naming other checks, and excluding this one, makes no difference.
	Always When = "always"
	// Default: unless other checks are named.
	Default When = "default"
	// Expensive: with --expensive-checks, since it asks GitHub.
	Expensive When = "expensive"
	// Optional: when it is named, and with --expensive-checks.
	Optional When = "optional"
)

// Part is a part of the configuration.
type Part uint8

// The parts. They can be added up.
const (
	ConfigFile Part = 1 << iota
	PluginsFile
)

// Level is how bad a finding is.
type Level string

// The levels. They have the names of GitHub's annotations.
const (
	// Error: the configuration does not work.
	Error Level = "error"
	// Warning: it works, perhaps not as it was meant. With --strict it counts as an error.
	Warning Level = "warning"
	// Notice: good to know; it never counts.
	Notice Level = "notice"
)

// Finding is something wrong at a place.
type Finding struct {
	document.Problem
	// Check is the name of the check; empty for what was found by loading.
	Check string
	// Level is how bad it is; empty is Warning.
	Level Level

	// part says, where Problem names no file, in whose files its path leads somewhere.
	part Part
}

// Input is what checks look at. They must not change it.
type Input struct {
	// Config is config.yaml and all jobs, with all defaults; without what could not
	// be read, and nil where nothing could.
	Config *config.Config
	// Plugins is plugins.yaml, with all defaults; nil when none was given.
	Plugins *plugins.Configuration
	// Files are where both were read from.
	Files Files
	// Queries are the queries of tide as they are written, before those with equal conditions become one.
	Queries []Query
	// Shards are the supplemental files.
	Shards []Shard
	// Unknown are the keys that mean nothing, in all files.
	Unknown []document.Problem
	// Facts are what cannot be known from files.
	Facts Facts
	// Annotations are the names that every job's annotations must have.
	Annotations []string

	// wrong is what of Config is not as it should be.
	wrong wrong
}

// Facts is what cannot be known from the files of the configuration. What
// nobody found out is nil, and the checks that need it find nothing.
type Facts struct {
	// Clusters are the build clusters by name with their state, as in plank.build_cluster_status_file.
	Clusters map[string]string
	// ClustersError is why Clusters could not be found out.
	ClustersError error
	// OrgRepos are the repos ("org/repo") of orgs that are not archived.
	OrgRepos map[string][]string
	// RootOwners says of repos whether they have the file OWNERS.
	RootOwners map[string]bool
	// AppOrgs are the orgs in which the GitHub App is installed.
	AppOrgs []string
}

// SPDX-License-Identifier: Apache-2.0

package plugins

// Owners configures how OWNERS files are read.
type Owners struct {
	// MDYAMLRepos are orgs and org/repos in which a markdown file may begin with what an OWNERS file
	// holds, between two lines of "---". It counts for that file alone.
	MDYAMLRepos []string `json:"mdyamlrepos,omitempty"`
	// SkipCollaborators are orgs and org/repos in which OWNERS files alone say who may approve and give
	// lgtm; elsewhere owners have to be collaborators of the repo too.
	SkipCollaborators []string `json:"skip_collaborators,omitempty"`
	// LabelsDenylist are labels that may not be in OWNERS files; approved and lgtm when unset.
	LabelsDenylist []string `json:"labels_denylist,omitempty"`
	// Filenames are other names for the files, by org or org/repo.
	Filenames map[string]OwnersFilenames `json:"filenames,omitempty"`
}

// OwnersFilenames are the names of the files that say who owns what.
type OwnersFilenames struct {
	// Owners is the name of the file in each folder; "OWNERS" when unset.
	Owners string `json:"owners,omitempty"`
	// OwnersAliases is the name of the file with groups, at the top of the repo; "OWNERS_ALIASES" when unset.
	OwnersAliases string `json:"owners_aliases,omitempty"`
}

func (o *Owners) setDefaults() {
	if o.LabelsDenylist == nil {
		o.LabelsDenylist = []string{"approved", "lgtm"}
	}
}

// Markdown reports whether markdown files of a repo may hold owners.
func (o Owners) Markdown(org, repo string) bool { return listed(o.MDYAMLRepos, org, repo) }

// SkipsCollaborators reports whether owners of a repo need not be collaborators.
func (o Owners) SkipsCollaborators(org, repo string) bool {
	return listed(o.SkipCollaborators, org, repo)
}

// FilenamesFor are the names of the files in a repo: those for the repo, else for its org, else the usual ones.
func (o Owners) FilenamesFor(org, repo string) OwnersFilenames {
	names, ok := o.Filenames[org+"/"+repo]
	if !ok {
		names = o.Filenames[org]
	}
	fill(&names.Owners, "OWNERS")
	fill(&names.OwnersAliases, "OWNERS_ALIASES")
	return names
}

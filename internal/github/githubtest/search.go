// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"maps"
	"slices"
	"strings"
)

// searchIssues knows the qualifiers is, type, state, repo, org, user, author, label
// (all also with a minus), and words, which must be in the title or body or be a
// commit of a pull. An unknown qualifier is refused rather than ignored.
func (s *Server) searchIssues(c *call) (answer, error) {
	query := c.URL.Query().Get("q")
	terms := splitQuery(query)
	if len(terms) == 0 {
		return answer{}, missing("Search", "q")
	}
	found := []*issue{}
	for _, name := range slices.Sorted(maps.Keys(s.repos)) {
		r := s.repos[name]
		if !s.canRead(r, c.who) {
			continue
		}
		for _, i := range r.issues {
			matches, err := matchesAll(i, terms)
			if err != nil {
				return answer{}, err
			}
			if matches {
				found = append(found, i)
			}
		}
	}
	return ok(object{
		"total_count": len(found), "incomplete_results": false, "search_type": "lexical",
		"items": list(page(c, found), s.foundJSON),
	})
}

// foundJSON is an issue as the search tells of it: here, GitHub's description does
// not let a body be null.
func (s *Server) foundJSON(i *issue) object {
	found := with(s.issueJSON(i), object{"score": 1.0})
	if i.body == "" {
		delete(found, "body")
	}
	return found
}

// splitQuery splits at spaces outside of quotes and takes the quotes away.
func splitQuery(query string) []string {
	quoted := false
	terms := strings.FieldsFunc(query, func(c rune) bool {
		if c == '"' {
			quoted = !quoted
		}
		return c == ' ' && !quoted
	})
	for i := range terms {
		terms[i] = strings.ReplaceAll(terms[i], `"`, "")
	}
	return terms
}

func matchesAll(i *issue, terms []string) (bool, error) {
	for _, term := range terms {
		rest, negated := strings.CutPrefix(term, "-")
		matches, err := matchesTerm(i, rest)
		if err != nil {
			return false, err
		}
		if matches == negated {
			return false, nil
		}
	}
	return true, nil
}

func matchesTerm(i *issue, term string) (bool, error) {
	name, value, qualified := strings.Cut(term, ":")
	if !qualified {
		return strings.Contains(key(i.title), key(term)) || strings.Contains(key(i.body), key(term)) || i.has(term), nil
	}
	switch name {
	case "is", "type", "state":
		return matchesIs(i, value)
	case "repo":
		return key(i.repo.fullName()) == key(value), nil
	case "org", "user":
		return key(i.repo.owner.login) == key(value), nil
	case "author":
		return key(i.author.login) == key(value), nil
	case "label":
		return slices.ContainsFunc(i.labels, func(l *label) bool { return key(l.name) == key(value) }), nil
	}
	return false, invalidField("Search", "q", "the search does not know "+name)
}

func matchesIs(i *issue, value string) (bool, error) {
	switch value {
	case "pr", "pull-request":
		return i.pull != nil, nil
	case "issue":
		return i.pull == nil, nil
	case "open", "closed":
		return i.state == value, nil
	case "merged", "unmerged":
		return i.pull != nil && i.pull.merged.IsZero() == (value == "unmerged"), nil
	case "draft":
		return i.pull != nil && i.pull.draft, nil
	}
	return false, invalidField("Search", "q", "the search does not know is:"+value)
}

// has reports whether the commit is one of the pull's.
func (i *issue) has(sha string) bool {
	if i.pull == nil {
		return false
	}
	if i.pull.headSHA == sha || i.pull.mergeCommit == sha {
		return true
	}
	for _, c := range i.pull.changes.commits {
		if c.SHA == sha {
			return true
		}
	}
	return false
}

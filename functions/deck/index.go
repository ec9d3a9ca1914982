// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// rowsPerPage is how many runs a page of the list has.
const rowsPerPage = 100

// filter is what of the list is to be shown; empty fields match everything.
type filter struct {
	Repo, Type, State, Job, Author, Pull string
}

func filterOf(query url.Values) filter {
	get := func(key string) string { return strings.TrimSpace(query.Get(key)) }
	return filter{Repo: get("repo"), Type: get("type"), State: get("state"), Job: get("job"), Author: get("author"), Pull: get("pull")}
}

// matches says whether the run is to be shown, its state aside.
func (f filter) matches(pj *prowv1.ProwJob) bool {
	refs := pj.Spec.MainRefs()
	pulls := func(ok func(prowv1.Pull) bool) bool {
		return pj.Spec.Refs != nil && slices.ContainsFunc(pj.Spec.Refs.Pulls, ok)
	}
	return (f.Type == "" || string(pj.Spec.Type) == f.Type) &&
		(f.Job == "" || strings.Contains(strings.ToLower(pj.Spec.Job), strings.ToLower(f.Job))) &&
		(f.Repo == "" || refs != nil && refs.OrgRepo() == f.Repo) &&
		(f.Author == "" || pulls(func(p prowv1.Pull) bool { return p.Author == f.Author })) &&
		(f.Pull == "" || pulls(func(p prowv1.Pull) bool { return strconv.Itoa(p.Number) == f.Pull }))
}

// with is the query of the list with one field set to something else.
func (f filter) with(key, value string) string {
	query := url.Values{}
	for k, v := range map[string]string{"repo": f.Repo, "type": f.Type, "state": f.State, "job": f.Job, "author": f.Author, "pull": f.Pull} {
		if k == key {
			v = value
		}
		if v != "" {
			query.Set(k, v)
		}
	}
	if key == "page" {
		query.Set("page", value)
	}
	return "/?" + query.Encode()
}

// count is how many runs are in a state.
type count struct {
	State prowv1.ProwJobState
	N     int
	Link  string
	On    bool
}

type indexPage struct {
	frame
	Filter       filter
	Repos        []string
	Types        []prowv1.ProwJobType
	Counts       []count
	Rows         []row
	Total        int
	From, To     int
	Newer, Older string
}

// states are in the order in which they are counted on the page.
func states() []prowv1.ProwJobState {
	return []prowv1.ProwJobState{
		prowv1.SchedulingState, prowv1.TriggeredState, prowv1.PendingState, prowv1.SuccessState,
		prowv1.FailureState, prowv1.ErrorState, prowv1.AbortedState,
	}
}

// index is the list of runs.
func (s *server) index(r *http.Request) (content, error) {
	shown, err := s.visible(r.Context())
	if err != nil {
		return content{}, err
	}
	f := filterOf(r.URL.Query())
	page := indexPage{
		frame:  frame{Title: "Runs", Nav: "runs", Refresh: 10},
		Filter: f,
		Types:  []prowv1.ProwJobType{prowv1.PresubmitJob, prowv1.PostsubmitJob, prowv1.PeriodicJob, prowv1.BatchJob},
		Repos:  reposOf(shown),
	}
	shown = slices.DeleteFunc(shown, func(pj *prowv1.ProwJob) bool { return !f.matches(pj) })
	page.Counts = countStates(shown, f)
	if f.State != "" {
		shown = slices.DeleteFunc(shown, func(pj *prowv1.ProwJob) bool { return string(pj.Status.State) != f.State })
	}
	page.Total = len(shown)
	n, _ := strconv.Atoi(r.URL.Query().Get("page")) // nonsense is page 0, or the last one
	first := min(max(0, n), max(0, len(shown)-1)/rowsPerPage) * rowsPerPage
	last := min(first+rowsPerPage, len(shown))
	page.From, page.To = min(first+1, last), last
	if first > 0 {
		page.Newer = f.with("page", strconv.Itoa(first/rowsPerPage-1))
	}
	if last < len(shown) {
		page.Older = f.with("page", strconv.Itoa(first/rowsPerPage+1))
	}
	now := s.now()
	for _, pj := range shown[first:last] {
		page.Rows = append(page.Rows, rowOf(pj, now))
	}
	return content{template: "index.html", data: page}, nil
}

func countStates(shown []*prowv1.ProwJob, f filter) []count {
	n := map[prowv1.ProwJobState]int{}
	for _, pj := range shown {
		n[pj.Status.State]++
	}
	var counts []count
	for _, state := range states() {
		on := f.State == string(state)
		if n[state] == 0 && !on {
			continue
		}
		link := f.with("state", string(state))
		if on {
			link = f.with("state", "")
		}
		counts = append(counts, count{State: state, N: n[state], Link: link, On: on})
	}
	return counts
}

func reposOf(shown []*prowv1.ProwJob) []string {
	seen := map[string]bool{}
	var repos []string
	for _, pj := range shown {
		if refs := pj.Spec.MainRefs(); refs != nil && !seen[refs.OrgRepo()] {
			seen[refs.OrgRepo()] = true
			repos = append(repos, refs.OrgRepo())
		}
	}
	slices.Sort(repos)
	return repos
}

// row is a run in the list.
type row struct {
	Run      *prowv1.ProwJob
	Link     string
	Refs     refsView
	Started  moment
	Duration string
	Delivery string
}

func rowOf(pj *prowv1.ProwJob, now time.Time) row {
	return row{
		Run:      pj,
		Link:     viewLink(pj),
		Refs:     refsViewOf(pj.Spec.MainRefs()),
		Started:  momentOf(pj.Status.StartTime.Time, now),
		Duration: durationOf(pj, now),
		Delivery: pj.Labels[prowv1.EventGUIDLabel],
	}
}

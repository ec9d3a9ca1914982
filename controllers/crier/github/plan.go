// SPDX-License-Identifier: Apache-2.0

package github

import (
	"slices"
	"strings"
	"text/template"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	githubapi "github.com/cutwater-ci/cutwater/internal/github"
)

// change is one thing to do to a pull's comments: create when id is 0, delete
// when body is empty, and edit otherwise.
type change struct {
	id   int64
	body string
}

// planComment decides what to do to the reporter's own comments on a pull, when
// these runs of it have ended, so that one comment tells of all failed jobs, or
// none is there when no job failed. announce wants a comment even then.
//
// A comment with a new failure is made anew, so that people are notified; other
// changes are edits. What is right already stays, so a plan may be carried out
// twice. The new comment comes before the old ones go: a crash between the two
// loses no row.
func planComment(own []githubapi.Comment, runs []*prowv1.ProwJob, extra *template.Template, announce bool) ([]change, error) {
	var old []row
	for _, comment := range own {
		old = append(old, rowsIn(comment.Body)...)
	}
	rows, failed := carryOn(old, runs)
	if len(rows) == 0 && (!announce || slices.ContainsFunc(runs, aborted)) {
		return deleteAll(own), nil
	}
	body, err := renderComment(rows, runs[0], extra)
	if err != nil {
		return nil, err
	}
	if len(own) == 0 {
		return []change{{body: body}}, nil
	}
	earlier, latest := own[:len(own)-1], own[len(own)-1]
	switch {
	case sameText(latest.Body, body):
		return deleteAll(earlier), nil
	case failed || len(rows) == 0:
		return append([]change{{body: body}}, deleteAll(own)...), nil
	default:
		return append([]change{{id: latest.ID, body: body}}, deleteAll(earlier)...), nil
	}
}

func deleteAll(comments []githubapi.Comment) []change {
	var changes []change
	for _, comment := range comments {
		changes = append(changes, change{id: comment.ID})
	}
	return changes
}

func aborted(pj *prowv1.ProwJob) bool { return pj.Status.State == prowv1.AbortedState }

// sameText compares a comment as GitHub gives it back with what was sent.
func sameText(a, b string) bool {
	return strings.TrimSpace(strings.ReplaceAll(a, "\r\n", "\n")) == strings.TrimSpace(b)
}

// ownComments picks the comments that this reporter wrote, oldest first.
func ownComments(all []githubapi.Comment, bot string) []githubapi.Comment {
	var own []githubapi.Comment
	for _, comment := range all {
		if sameLogin(comment.Author.Login, bot) && strings.Contains(comment.Body, marker) {
			own = append(own, comment)
		}
	}
	return own
}

// sameLogin compares logins; an app's bot may or may not carry "[bot]".
func sameLogin(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "[bot]"), strings.TrimSuffix(b, "[bot]"))
}

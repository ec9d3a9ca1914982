// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

func TestComments(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	for range 250 { // three pages
		if _, err := s.Comment("ann", name, "hello"); err != nil {
			t.Fatal(err)
		}
	}
	mine := must[github.Comment](t)(c.CreateComment(ctx, name, "I am a bot"))
	if err := c.EditComment(ctx, repo, mine.ID, "I am **the** bot"); err != nil {
		t.Fatal(err)
	}
	comments := must[[]github.Comment](t)(c.Comments(ctx, name))
	diff(t, "comments", comments, s.Comments(name))
	last := comments[len(comments)-1]
	if len(comments) != 251 || last.Body != "I am **the** bot" || last.Author.Login != "ci-robot" || last.HTMLURL != mine.HTMLURL {
		t.Errorf("%d comments, last %+v", len(comments), last)
	}
	for range 2 { // the second time it is gone already
		if err := c.DeleteComment(ctx, repo, mine.ID); err != nil {
			t.Error(err)
		}
	}
	if err := clientAs(t, s, "stranger").DeleteComment(ctx, repo, comments[0].ID); !github.IsForbidden(err) {
		t.Errorf("a stranger deletes a comment: %v", err)
	}
	if _, err := c.CreateComment(ctx, name, ""); !github.IsInvalid(err) {
		t.Errorf("an empty comment: %v", err)
	}
}

func TestCreateCommentOnce(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	asked := must[github.Comment](t)(s.Comment("ann", name, "/test ?"))
	body := "@ann: the jobs are\n\n- one\n"
	if _, err := s.Comment("ann", name, body); err != nil { // not by us
		t.Fatal(err)
	}
	for range 3 {
		if err := c.CreateCommentOnce(ctx, name, body, asked.CreatedAt); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CreateCommentOnce(ctx, name, body, asked.CreatedAt.Add(time.Hour)); err != nil { // another question
		t.Fatal(err)
	}
	var by []string
	for _, comment := range s.Comments(name) {
		by = append(by, comment.Author.Login)
	}
	diff(t, "authors", by, []string{"ann", "ann", "ci-robot", "ci-robot"})
}

// SPDX-License-Identifier: Apache-2.0

package plugintest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// do has somebody do what a line says, about what is spoken of or, with "on
// org/repo#2" after the login, about that:
//
//	bob: /hold\n/lgtm                  comments
//	bob on org/repo#2: /hold
//	bob edits: /hold                   edits the last comment
//	bob reviews: /hold                 submits a review
//	ann opens draft author-like words  opens the next pull, as in given
//	ann pushes main.go docs/a.md       commits to the pull
//	ann closes | reopens | drafts | readies | merges
//	ann labels lgtm | unlabels lgtm
//	ann commits main docs/a.md         commits to a branch of the repository
//	ann deletes branch
//	again                              the last webhook comes once more
//	again synchronize                  the first one with that action does
//	unheard ann pushes                 the plugin does not hear of it, but by again
func (w *world) do(line string) error {
	line, w.deaf = strings.CutPrefix(line, "unheard ")
	w.clock.tick()
	if again, ok := strings.CutPrefix(line, "again"); ok {
		return w.again(strings.TrimSpace(again))
	}
	who, rest, ok := strings.Cut(line, " ")
	if !ok {
		return errors.New("who does what?")
	}
	if login, said := strings.CutSuffix(who, ":"); said {
		_, err := w.forge.Comment(login, w.focus, unescape(rest))
		w.settle()
		return err
	}
	on := w.focus
	if other, ok := strings.CutPrefix(rest, "on "); ok {
		name, what, _ := strings.Cut(other, " ")
		var err error
		if on, err = w.issue(strings.TrimSuffix(name, ":")); err != nil {
			return err
		}
		if strings.HasSuffix(name, ":") {
			_, err := w.forge.Comment(who, on, unescape(what))
			w.settle()
			return err
		}
		rest = what
	}
	err := w.act(who, on, rest)
	w.settle()
	return err
}

// again has a webhook come once more, the last or the first with the action.
func (w *world) again(action string) error {
	if len(w.heard) > 0 && action == "" {
		w.tell(w.t.Context(), w.heard[len(w.heard)-1])
		return nil
	}
	for _, d := range w.heard {
		if strings.Contains(string(d.body), `"action":"`+action+`"`) {
			w.tell(w.t.Context(), d)
			return nil
		}
	}
	return fmt.Errorf("no such webhook came")
}

// act does one of the things that are not comments.
func (w *world) act(who string, on github.Issue, what string) error {
	ctx := w.t.Context()
	verb, rest, _ := strings.Cut(what, " ")
	words := strings.Fields(rest)
	switch verb {
	case "edits:":
		return w.editLast(who, on, unescape(rest))
	case "reviews:":
		return w.forge.Review(ctx, who, on, "COMMENTED", unescape(rest))
	case "opens":
		g, err := parseGiven(words)
		if err != nil {
			return err
		}
		g.author = who
		return w.open(on.Repository().Issue(on.Number+1), true, g)
	case "pushes":
		_, err := w.forge.PushPull(ctx, who, on, w.commit(words))
		return err
	case "closes":
		return w.forge.CloseIssue(ctx, who, on)
	case "reopens":
		return w.forge.ReopenIssue(ctx, who, on)
	case "drafts", "readies":
		return w.forge.SetDraft(ctx, who, on, verb == "drafts")
	case "merges":
		_, err := w.forge.MergePull(ctx, who, on, "merge")
		return err
	case "labels":
		return w.forge.AddLabel(ctx, who, on, rest)
	case "unlabels":
		return w.forge.RemoveLabel(ctx, who, on, rest)
	case "commits":
		c := w.commit(words[1:])
		c.Branch = words[0]
		_, err := w.forge.Push(ctx, who, on.Repository(), c)
		return err
	case "deletes":
		return w.forge.DeleteBranch(ctx, who, on.Repository(), rest)
	}
	return fmt.Errorf("nobody can do %q", verb)
}

// editLast edits the last comment that the login has made.
func (w *world) editLast(who string, on github.Issue, body string) error {
	comments, err := w.kit.GitHub.Comments(w.t.Context(), on)
	if err != nil {
		return err
	}
	for i := len(comments) - 1; i >= 0; i-- {
		if comments[i].Author.Login == who {
			return w.forge.EditComment(who, on.Repository(), comments[i].ID, body)
		}
	}
	return fmt.Errorf("%s has not commented", who)
}

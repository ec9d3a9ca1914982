// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// consumers are whose ledger entries are shown.
func consumers() []string { return []string{"plugins", "tide", inbox.Broker} }

// subject is what a webhook says it is about; the rest of its body is not shown.
type subject struct {
	Action     string `json:"action"`
	Number     int    `json:"number"`
	Ref        string `json:"ref"`
	Repository struct {
		FullName string `json:"full_name"`
		HTMLURL  string `json:"html_url"`
		Private  bool   `json:"private"`
	} `json:"repository"`
	Organization struct {
		Login string `json:"login"`
	} `json:"organization"`
	Sender  struct{ Login string } `json:"sender"`
	Comment struct {
		HTMLURL string `json:"html_url"`
		Body    string `json:"body"`
	} `json:"comment"`
	Issue struct {
		Number  int    `json:"number"`
		HTMLURL string `json:"html_url"`
	} `json:"issue"`
	PullRequest struct {
		HTMLURL string `json:"html_url"`
	} `json:"pull_request"`
}

// hidden reports whether the webhook is about one of the orgs and repositories, or a
// private repository. Not every webhook of an org is about a repository.
func (s subject) hidden(hidden []string) bool {
	org, _, _ := strings.Cut(s.Repository.FullName, "/")
	return s.Repository.Private || slices.ContainsFunc([]string{org, s.Repository.FullName, s.Organization.Login}, func(name string) bool {
		return slices.Contains(hidden, name)
	})
}

// outcomeView is what one plugin did.
type outcomeView struct {
	Consumer, Plugin string
	Outcome          inbox.Outcome
	At               moment
}

type deliveryPage struct {
	frame
	GUID     string
	Missing  bool
	Asked    *askedView
	GivenUp  *givenUpView
	Event    string
	Subject  subject
	About    link
	Commands []string
	Received moment
	Outcomes []outcomeView
	Rows     []row
}

// givenUpView is a delivery that nobody works on any more.
type givenUpView struct {
	Reason string
	At     moment
}

// askedView is a delivery that did not arrive.
type askedView struct {
	Since, Last moment
	Times       int
}

// delivery is the page that says what became of a delivery: what each plugin
// did about it, and which runs it started.
func (s *server) delivery(r *http.Request) (content, error) {
	guid := r.PathValue("guid")
	page := deliveryPage{frame: frame{Title: "Delivery " + guid, Nav: "deliveries", Refresh: 5}, GUID: guid}
	shown, err := s.visible(r.Context())
	if err != nil {
		return content{}, err
	}
	now := s.now()
	for _, pj := range shown {
		if pj.Labels[prowv1.EventGUIDLabel] == guid {
			page.Rows = append(page.Rows, rowOf(pj, now))
		}
	}
	if s.inbox == nil {
		return content{}, notFound("Deck was not told where the inbox is (BUCKET).")
	}
	if page.GivenUp, err = s.givenUp(r.Context(), guid); err != nil {
		return content{}, err
	}
	d, err := s.inbox.Get(r.Context(), guid)
	switch {
	case errors.Is(err, inbox.ErrNotFound), errors.Is(err, inbox.ErrGUID):
		page.Missing = true
		page.Asked, err = s.asked(r.Context(), guid)
		return content{template: "delivery.html", data: page}, err
	case err != nil:
		return content{}, err
	}
	// A body that does not decode still has its outcomes.
	_ = json.Unmarshal(d.Body, &page.Subject)
	if !s.show.showHidden && page.Subject.hidden(s.config().Deck.HiddenRepos) {
		return content{template: "delivery.html", data: deliveryPage{frame: page.frame, GUID: guid, Missing: true}}, nil
	}
	page.Event, page.Received = d.Event, momentOf(d.ReceivedAt, now)
	page.About = aboutOf(page.Subject)
	page.Commands = commandsIn(page.Subject.Comment.Body)
	if page.Outcomes, err = s.outcomes(r.Context(), guid); err != nil {
		return content{}, err
	}
	return content{template: "delivery.html", data: page}, nil
}

// givenUp is why a delivery was given up; nil if it was not.
func (s *server) givenUp(ctx context.Context, guid string) (*givenUpView, error) {
	dead, err := s.inbox.GivenUp(ctx, guid)
	if errors.Is(err, inbox.ErrNotFound) || errors.Is(err, inbox.ErrGUID) {
		return nil, nil
	}
	return &givenUpView{dead.Reason, momentOf(dead.At, s.now())}, err
}

// asked is how often GitHub was asked for a delivery that did not arrive; nil if
// nothing is known of it.
func (s *server) asked(ctx context.Context, guid string) (*askedView, error) {
	m, err := s.inbox.DidNotArrive(ctx, guid)
	if errors.Is(err, inbox.ErrNotFound) || errors.Is(err, inbox.ErrGUID) {
		return nil, nil
	}
	now := s.now()
	return &askedView{momentOf(m.Since, now), momentOf(m.LastAsked, now), m.Asked}, err
}

// outcomes is what each plugin did about a delivery.
func (s *server) outcomes(ctx context.Context, guid string) ([]outcomeView, error) {
	var outcomes []outcomeView
	now := s.now()
	for _, consumer := range consumers() {
		entry, err := s.inbox.Entry(ctx, guid, consumer)
		if err != nil {
			return nil, err
		}
		for plugin, outcome := range entry.Plugins {
			outcomes = append(outcomes, outcomeView{consumer, plugin, outcome, momentOf(outcome.At, now)})
		}
	}
	slices.SortFunc(outcomes, func(a, b outcomeView) int {
		return cmp.Or(cmp.Compare(a.Consumer, b.Consumer), cmp.Compare(a.Plugin, b.Plugin))
	})
	return outcomes, nil
}

// aboutOf is what the webhook is about, with its page on GitHub.
func aboutOf(s subject) link {
	name := s.Repository.FullName
	number := max(s.Number, s.Issue.Number)
	switch {
	case number > 0:
		return link{name + "#" + strconv.Itoa(number), cmp.Or(s.Comment.HTMLURL, s.PullRequest.HTMLURL, s.Issue.HTMLURL)}
	case s.Ref != "":
		return link{name + " " + strings.TrimPrefix(s.Ref, "refs/heads/"), s.Repository.HTMLURL}
	}
	return link{name, s.Repository.HTMLURL}
}

// commandsIn are the lines of a comment that are commands.
func commandsIn(body string) []string {
	var commands []string
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") && len(commands) < 20 {
			commands = append(commands, line)
		}
	}
	return commands
}

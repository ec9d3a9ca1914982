// SPDX-License-Identifier: Apache-2.0

package github

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/triggers"
)

// MaxData is the largest body in bytes that an event carries itself; brokers need
// take no larger ones. Others travel by reference to the inbox.
const MaxData = 256 << 10

// SignatureHeader is the header with the body's signature.
const SignatureHeader = "X-Hub-Signature-256"

// Event returns the delivery as a CloudEvent, whose attributes say what a Trigger may
// filter on. It fails when the body is not a JSON object.
func Event(d inbox.Delivery) (cloudevents.Event, error) {
	var p attributes
	if err := decode(d.Body, &p); err != nil {
		return cloudevents.Event{}, fmt.Errorf("reading the %s webhook: %w", d.Event, err)
	}
	ev := cloudevents.New()
	ev.SetType(triggers.Type(d.Event))
	ev.SetID(d.GUID)
	ev.SetSource(p.source())
	ev.SetTime(d.ReceivedAt)
	ev.SetDataContentType(cloudevents.ApplicationJSON)
	set := func(name, value string) {
		if value != "" {
			ev.SetExtension(name, headerSafe(value))
		}
	}
	if subject := p.subject(); subject != "" {
		ev.SetSubject(headerSafe(subject))
	}
	set(triggers.Action, p.Action)
	set(triggers.Org, p.org())
	set(triggers.Repo, p.Repository.Name)
	set(triggers.Number, p.number())
	set(triggers.Sender, p.Sender.name())
	set(triggers.Command, strings.Join(Commands(p.text(d.Event)), " "))
	set(triggers.Signature, d.Header.Get(SignatureHeader))
	if len(d.Body) > MaxData {
		set(triggers.DataRef, inbox.RequestKey(d.GUID))
	} else {
		ev.DataEncoded = d.Body
	}
	if err := ev.Validate(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("making an event of the %s webhook: %w", d.Event, err)
	}
	return ev, nil
}

// attributes are the parts of any webhook's body that an event's attributes need.
type attributes struct {
	Action      string `json:"action"`
	Number      int    `json:"number"`
	Ref         string `json:"ref"`
	SHA         string `json:"sha"`
	Issue       *text  `json:"issue"`
	PullRequest *text  `json:"pull_request"`
	Comment     text   `json:"comment"`
	Review      text   `json:"review"`
	Repository  struct {
		Name     string `json:"name"`
		FullName string `json:"full_name"`
		Owner    owner  `json:"owner"`
		HTMLURL  string `json:"html_url"`
	} `json:"repository"`
	Organization owner `json:"organization"`
	Sender       owner `json:"sender"`
}

type text struct {
	Number int    `json:"number"`
	Body   string `json:"body"`
}

// owner is a user or organization. In pushes it has a name in place of a login.
type owner struct {
	Login string `json:"login"`
	Name  string `json:"name"`
}

func (o owner) name() string {
	if o.Login != "" {
		return o.Login
	}
	return o.Name
}

func (p *attributes) org() string {
	if org := p.Repository.Owner.name(); org != "" {
		return org
	}
	return p.Organization.name()
}

// repo returns the repository that the webhook is about; where it is about an org, or
// about nothing, the name is empty, or both are. The full name, which says the same
// once more, only fills what is missing.
func (p *attributes) repo() (org, name string) {
	org, name = p.org(), p.Repository.Name
	fullOrg, fullName, _ := strings.Cut(p.Repository.FullName, "/")
	if org == "" {
		org = fullOrg
	}
	if name == "" && org == fullOrg {
		name = fullName
	}
	return org, name
}

func (p *attributes) number() string {
	n := p.Number
	switch {
	case p.PullRequest != nil && p.PullRequest.Number != 0:
		n = p.PullRequest.Number
	case p.Issue != nil && p.Issue.Number != 0:
		n = p.Issue.Number
	}
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// subject is the number, the ref or, for statuses, the commit.
func (p *attributes) subject() string {
	for _, s := range []string{p.number(), p.Ref, p.SHA} {
		if s != "" {
			return s
		}
	}
	return ""
}

// source is the URL of the repository, or as much of it as there is.
func (p *attributes) source() string {
	source := url.URL{Scheme: "https", Host: "github.com"}
	if u, err := url.Parse(p.Repository.HTMLURL); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		source.Scheme, source.Host = u.Scheme, u.Host
	}
	if org := p.org(); org != "" {
		return source.JoinPath(org, p.Repository.Name).String()
	}
	return source.String()
}

// text returns what somebody wrote and the webhook is about.
func (p *attributes) text(event string) string {
	switch {
	case event == IssueComment || event == PullRequestReviewComment:
		return p.Comment.Body
	case event == PullRequestReview:
		return p.Review.Body
	case event == Issues && p.Issue != nil && genericAction(p.Action) != "":
		return p.Issue.Body
	case event == PullRequest && p.PullRequest != nil && genericAction(p.Action) != "":
		return p.PullRequest.Body
	}
	return ""
}

// headerSafe escapes what an HTTP header cannot hold, as in URLs.
func headerSafe(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return url.PathEscape(s)
		}
	}
	return s
}

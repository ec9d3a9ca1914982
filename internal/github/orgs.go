// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"net/url"
	"strings"

	gogithub "github.com/google/go-github/v88/github"
)

// IsMember reports whether the login is a member of the org, or the very account
// when that is a person's. When we are not a member ourselves, only public
// memberships are seen.
func (c *Client) IsMember(ctx context.Context, org, login string) (bool, error) {
	if strings.EqualFold(org, login) {
		return true, nil
	}
	yes, _, err := c.gh.Organizations.IsMember(ctx, org, url.PathEscape(login))
	return yes, wrap(err, "asking whether %s is a member of %s", login, org)
}

// Teams returns the teams of the org.
func (c *Client) Teams(ctx context.Context, org string) ([]Team, error) {
	var all []Team
	for team, err := range c.gh.Teams.ListTeamsIter(ctx, org, &gogithub.ListOptions{PerPage: perPage}) {
		if err != nil {
			return nil, wrap(err, "listing teams of %s", org)
		}
		all = append(all, toTeam(team))
	}
	return all, nil
}

// Team returns the team of the org with the slug.
func (c *Client) Team(ctx context.Context, org, slug string) (*Team, error) {
	t, _, err := c.gh.Teams.GetTeamBySlug(ctx, org, url.PathEscape(slug))
	if err != nil {
		return nil, wrap(err, "reading team %s/%s", org, slug)
	}
	team := toTeam(t)
	return &team, nil
}

// TeamMembers returns the members of the team and of the teams below it.
func (c *Client) TeamMembers(ctx context.Context, org, slug string) ([]User, error) {
	var all []User
	o := &gogithub.TeamListTeamMembersOptions{Role: "all", ListOptions: gogithub.ListOptions{PerPage: perPage}}
	for user, err := range c.gh.Teams.ListTeamMembersBySlugIter(ctx, org, url.PathEscape(slug), o) {
		if err != nil {
			return nil, wrap(err, "reading members of team %s/%s", org, slug)
		}
		all = append(all, toUser(user))
	}
	return all, nil
}

func toTeam(t *gogithub.Team) Team { return Team{ID: t.GetID(), Slug: t.GetSlug(), Name: t.GetName()} }

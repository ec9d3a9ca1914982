// SPDX-License-Identifier: Apache-2.0

package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// decode reads JSON, and lets fields of unexpected types be zero: GitHub's older
// servers and newer ideas differ in fields that few read, and the rest still counts.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return nil
	}
	return err
}

// Decode reads a webhook's body into the event's type: *IssuesEvent,
// *IssueCommentEvent, *PullRequestEvent, *ReviewEvent, *ReviewCommentEvent, *PushEvent
// or *StatusEvent. Of other events it returns nil.
func Decode(event, guid string, body []byte) (any, error) {
	if !Decodable(event) {
		return nil, nil
	}
	var w wire
	if err := decode(body, &w); err != nil {
		return nil, fmt.Errorf("decoding %s %s: %w", event, guid, err)
	}
	return w.payload(event, guid), nil
}

// Decodable reports whether Decode has a type for GitHub's event.
func Decodable(event string) bool {
	switch event {
	case Issues, IssueComment, PullRequest, PullRequestReview, PullRequestReviewComment, Push, Status:
		return true
	}
	return false
}

func (w *wire) payload(event, guid string) any {
	repo := w.Repository.repository()
	sender := w.Sender.user()
	switch event {
	case Issues:
		return &IssuesEvent{
			GUID: guid, Action: w.Action, Repo: repo, Issue: w.Issue.issue(repo.Repo),
			Label: w.Label.Name, Sender: sender,
		}
	case IssueComment:
		return &IssueCommentEvent{
			GUID: guid, Action: w.Action, Repo: repo, Issue: w.Issue.issue(repo.Repo),
			Comment: w.Comment.comment(), Sender: sender,
		}
	case PullRequest:
		return &PullRequestEvent{
			GUID: guid, Action: w.Action, Repo: repo, Number: w.Number, Pull: w.PullRequest.pull(repo.Repo),
			Label: w.Label.Name, Changes: w.Changes.changes(), Sender: sender,
		}
	case PullRequestReview:
		return &ReviewEvent{
			GUID: guid, Action: w.Action, Repo: repo, Pull: w.PullRequest.pull(repo.Repo),
			Review: w.Review.review(), NodeID: w.Review.NodeID, Sender: sender,
		}
	case PullRequestReviewComment:
		return &ReviewCommentEvent{
			GUID: guid, Action: w.Action, Repo: repo, Pull: w.PullRequest.pull(repo.Repo),
			Comment: w.Comment.reviewComment(), NodeID: w.Comment.NodeID, Sender: sender,
		}
	case Push:
		return &PushEvent{
			GUID: guid, Repo: repo, Ref: w.Ref, Before: w.Before, After: w.After, Compare: w.Compare,
			Created: w.Created, Deleted: w.Deleted, Forced: w.Forced, Commits: commits(w.Commits),
			Pusher: w.Pusher.user(), Sender: sender,
		}
	default:
		return &StatusEvent{
			GUID: guid, Repo: repo, ID: w.ID, SHA: w.SHA, Sender: sender,
			Status: github.Status{Context: w.Context, State: w.State, Description: w.Description, TargetURL: w.TargetURL},
		}
	}
}

func commits(all []wireCommit) []PushedCommit {
	var out []PushedCommit
	for _, c := range all {
		out = append(out, PushedCommit(c))
	}
	return slices.Clip(out)
}

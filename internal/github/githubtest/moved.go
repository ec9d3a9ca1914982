// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

const zeroSHA = "0000000000000000000000000000000000000000"

// maxListed is how many commits a push webhook lists here; GitHub lists 2,048.
const maxListed = 20

// moved is called when a ref of the repository has been created, moved or (with
// an empty after) deleted; it tells the webhooks and the pulls.
func (s *Server) moved(ctx context.Context, by *user, r *repo, ref, before, after string) error {
	if after == "" {
		delete(r.refs, ref)
	} else {
		r.refs[ref] = after
	}
	r.pushed = s.now()
	if err := s.emitPush(ctx, by, r, ref, before, after); err != nil {
		return err
	}
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok {
		return nil
	}
	if err := s.headMoved(ctx, by, r, branch, after); err != nil {
		return err
	}
	return s.baseMoved(ctx, by, r, branch, after)
}

// headMoved updates the pulls from the branch, or closes them when it is gone.
func (s *Server) headMoved(ctx context.Context, by *user, r *repo, branch, after string) error {
	base := r
	if r.parent != nil {
		base = r.parent
	}
	for _, i := range base.openPulls(func(p *pull) bool { return p.headRepo == r && p.head == branch && p.headSHA != after }) {
		if after == "" {
			if err := s.setState(ctx, by, i, "closed", ""); err != nil {
				return err
			}
			continue
		}
		before := i.pull.headSHA
		if err := s.setHead(ctx, i, after); err != nil {
			return err
		}
		i.updated = s.now()
		if err := s.emitIssue(ctx, "synchronize", i, by, object{"before": before, "after": after}); err != nil {
			return err
		}
	}
	return nil
}

// baseMoved finds pulls that a push has merged, and closes those without a base.
func (s *Server) baseMoved(ctx context.Context, by *user, r *repo, branch, after string) error {
	for _, i := range r.openPulls(func(p *pull) bool { return p.base == branch }) {
		switch {
		case after == "":
			if err := s.setState(ctx, by, i, "closed", ""); err != nil {
				return err
			}
		case r.git.IsAncestor(ctx, i.pull.headSHA, after):
			s.setMerged(i, by, after)
			if err := s.emitIssue(ctx, "closed", i, by, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// emitPush tells of a push.
func (s *Server) emitPush(ctx context.Context, by *user, r *repo, ref, before, after string) error {
	if !s.wanted("push", r) {
		return nil // it takes git to write one
	}
	payload := object{
		"ref": ref, "before": firstOf(before, zeroSHA), "after": firstOf(after, zeroSHA), "base_ref": nil,
		"created": before == "", "deleted": after == "", "forced": false, "commits": []object{}, "head_commit": nil,
		"compare": s.html(r) + "/compare/" + short(before) + "..." + short(after),
		"pusher":  object{"name": by.login, "email": by.login + noreply},
	}
	if before != "" && after != "" {
		payload["forced"] = !r.git.IsAncestor(ctx, before, after)
	}
	if after != "" {
		start := before
		if start == "" {
			start = r.refs["refs/heads/"+r.defaultBranch]
		}
		commits, head, err := s.pushedCommits(ctx, r, start, after)
		if err != nil {
			return err
		}
		payload["commits"], payload["head_commit"] = commits, head
	}
	return s.emit("push", r, by, payload)
}

// wanted reports whether any webhook wants the event.
func (s *Server) wanted(event string, r *repo) bool {
	return slices.ContainsFunc(s.hooks, func(h *hook) bool { return h.wants(event, r) })
}

func short(sha string) string { return firstOf(sha, zeroSHA)[:12] }

// pushedCommits lists what the push brought, and its last commit.
func (s *Server) pushedCommits(ctx context.Context, r *repo, start, after string) ([]object, object, error) {
	if start != "" {
		if _, err := r.git.Resolve(ctx, start); err != nil {
			start = ""
		}
	}
	commits, err := r.git.Log(ctx, start, after)
	if err != nil {
		return nil, nil, err
	}
	if len(commits) > maxListed {
		commits = commits[len(commits)-maxListed:]
	}
	out := []object{}
	for _, c := range commits {
		pushed, err := s.pushedCommit(ctx, r, c)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, pushed)
	}
	if len(out) > 0 {
		return out, out[len(out)-1], nil
	}
	last, err := r.show(ctx, after)
	if err != nil {
		return nil, nil, err
	}
	head, err := s.pushedCommit(ctx, r, last)
	return out, head, err
}

func (s *Server) pushedCommit(ctx context.Context, r *repo, c bare.Commit) (object, error) {
	added, removed, modified, err := r.git.Changed(ctx, c.SHA)
	if err != nil {
		return nil, err
	}
	person := func(p bare.Person) object {
		out := object{"name": p.Name, "email": p.Email}
		if u := s.accountOf(p); u != nil {
			out["username"] = u.login
		}
		return out
	}
	return object{
		"id": c.SHA, "tree_id": c.Tree, "distinct": true, "message": c.Message, "timestamp": stamp(c.CommittedAt),
		"url": s.html(r) + "/commit/" + c.SHA, "author": person(c.Author), "committer": person(c.Committer),
		"added": added, "removed": removed, "modified": modified,
	}, nil
}

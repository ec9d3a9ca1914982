// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"net/http"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// maxStatuses is how many statuses GitHub keeps of one context of a commit.
const maxStatuses = 1000

// CreateStatus sets a commit status as the login.
func (s *Server) CreateStatus(ctx context.Context, as string, name github.Repo, sha string, st github.Status) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return err
	}
	_, err = s.createStatus(ctx, s.account(as), r, sha, st)
	return err
}

func (s *Server) createStatus(ctx context.Context, by *user, r *repo, ref string, st github.Status) (*status, error) {
	sha := s.resolve(ctx, r, ref)
	if sha != ref || sha == "" {
		return nil, &refusal{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + ref}
	}
	st.Context = firstOf(st.Context, "default")
	switch {
	case !slices.Contains([]string{github.StatusPending, github.StatusSuccess, github.StatusFailure, github.StatusError}, st.State):
		return nil, custom("Status", "State is not included in the list")
	case len([]rune(st.Description)) > 140:
		return nil, custom("Status", "description is too long (maximum is 140 characters)")
	case len(st.Context) > 255:
		return nil, custom("Status", "context is too long (maximum is 255 characters)")
	}
	same := 0
	for _, old := range r.statuses[sha] {
		if old.context == st.Context {
			same++
		}
	}
	if same >= maxStatuses {
		return nil, custom("Status", "This SHA and context has reached the maximum number of statuses.")
	}
	made := &status{
		id: s.id(), context: st.Context, state: st.State, description: st.Description, targetURL: st.TargetURL,
		creator: by, created: s.now(),
	}
	r.statuses[sha] = append(r.statuses[sha], made)
	return made, s.emitStatus(ctx, by, r, sha, made)
}

func (s *Server) emitStatus(ctx context.Context, by *user, r *repo, sha string, st *status) error {
	if !s.wanted("status", r) {
		return nil // it takes git to write one
	}
	commit, err := r.show(ctx, sha)
	if err != nil {
		return err
	}
	told := s.commitJSON(r, commit)
	delete(told["commit"].(object)["verification"].(object), "verified_at") // only REST has it
	branches := []object{}
	for ref, tip := range r.refs {
		if branch, isBranch := cutBranch(ref); isBranch && tip == sha {
			branches = append(branches, object{
				"name": branch, "commit": object{"sha": sha, "url": s.api(r) + "/commits/" + sha}, "protected": false,
			})
		}
	}
	return s.emit("status", r, by, object{
		"id": st.id, "sha": sha, "name": r.fullName(), "target_url": orNull(st.targetURL), "context": st.context,
		"description": orNull(st.description), "state": st.state, "commit": told, "branches": branches,
		"avatar_url": s.url + "/avatars/" + by.login, "created_at": stamp(st.created), "updated_at": stamp(st.created),
	})
}

// latest returns the newest status of every context, newest first.
func (r *repo) latest(sha string) []*status {
	var out []*status
	seen := map[string]bool{}
	for _, st := range slices.Backward(r.statuses[sha]) {
		if !seen[st.context] {
			seen[st.context] = true
			out = append(out, st)
		}
	}
	return out
}

// combinedState is what the statuses amount to.
func combinedState(statuses []*status) string {
	state := github.StatusSuccess
	if len(statuses) == 0 {
		state = github.StatusPending
	}
	for _, st := range statuses {
		switch st.state {
		case github.StatusFailure, github.StatusError:
			return github.StatusFailure
		case github.StatusPending:
			state = github.StatusPending
		}
	}
	return state
}

// Statuses returns every status that the commit was ever given, oldest first.
func (s *Server) Statuses(name github.Repo, sha string) []github.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return nil
	}
	var out []github.Status
	for _, st := range r.statuses[sha] {
		out = append(out, toStatus(st))
	}
	return out
}

// CombinedStatus returns the newest status of every context of the commit.
func (s *Server) CombinedStatus(name github.Repo, sha string) github.CombinedStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return github.CombinedStatus{}
	}
	latest := r.latest(sha)
	out := github.CombinedStatus{SHA: sha, State: combinedState(latest)}
	for _, st := range latest {
		out.Statuses = append(out.Statuses, toStatus(st))
	}
	return out
}

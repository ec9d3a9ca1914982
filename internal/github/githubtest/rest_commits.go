// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

func cutBranch(ref string) (string, bool) { return strings.CutPrefix(ref, "refs/heads/") }

// commitRoutes are the operations on commits, their statuses and check runs.
func (s *Server) commitRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /repos/{owner}/{repo}/commits/{ref}", s.getCommit)
	route("GET /repos/{owner}/{repo}/commits/{ref}/status", s.getCombinedStatus)
	route("GET /repos/{owner}/{repo}/commits/{ref}/statuses", s.listStatuses)
	route("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", s.listChecks)
	route("POST /repos/{owner}/{repo}/statuses/{sha}", s.postStatus)
	route("POST /repos/{owner}/{repo}/check-runs", s.postCheck)
}

// commit returns the repository and the commit that the path names.
func (c *call) commit() (*repo, string, error) {
	r, err := c.repo()
	if err != nil {
		return nil, "", err
	}
	ref := c.PathValue("ref")
	sha := c.s.resolve(c.Context(), r, ref)
	if sha == "" {
		return nil, "", &refusal{status: 422, message: "No commit found for SHA: " + ref}
	}
	return r, sha, nil
}

func (s *Server) getCommit(c *call) (answer, error) {
	r, sha, err := c.commit()
	if err != nil {
		return answer{}, err
	}
	commit, err := r.show(c.Context(), sha)
	if err != nil {
		return answer{}, err
	}
	files := []bare.File{}
	if len(commit.Parents) > 0 {
		if files, err = r.git.Diff(c.Context(), commit.Parents[0], sha); err != nil {
			return answer{}, err
		}
	}
	return ok(with(s.commitJSON(r, commit), object{
		"files": list(files, func(f bare.File) object { return s.fileJSON(r, sha, f) }),
	}))
}

func (s *Server) getCombinedStatus(c *call) (answer, error) {
	r, sha, err := c.commit()
	if err != nil {
		return answer{}, notFound()
	}
	latest := r.latest(sha)
	return ok(object{
		"state": combinedState(latest), "sha": sha, "total_count": len(latest), "repository": s.repoJSON(r),
		"statuses":   list(page(c, latest), func(st *status) object { return s.statusJSON(r, sha, st) }),
		"commit_url": s.api(r) + "/commits/" + sha, "url": s.api(r) + "/commits/" + sha + "/status",
	})
}

func (s *Server) listStatuses(c *call) (answer, error) {
	r, sha, err := c.commit()
	if err != nil {
		return answer{}, notFound()
	}
	all := slices.Clone(r.statuses[sha])
	slices.Reverse(all)
	return ok(list(page(c, all), func(st *status) object {
		return with(s.statusJSON(r, sha, st), object{"creator": s.userJSON(st.creator)})
	}))
}

func (s *Server) postStatus(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	if !s.may(r, c.who, "push") {
		return answer{}, notFound()
	}
	var st struct {
		State       string `json:"state"`
		Context     string `json:"context"`
		Description string `json:"description"`
		TargetURL   string `json:"target_url"`
	}
	if err := c.decode(&st); err != nil {
		return answer{}, err
	}
	sha := c.PathValue("sha")
	made, err := s.createStatus(c.Context(), by, r, sha, github.Status{
		Context: st.Context, State: st.State, Description: st.Description, TargetURL: st.TargetURL,
	})
	if err != nil {
		return answer{}, err
	}
	return created(with(s.statusJSON(r, sha, made), object{"creator": s.userJSON(by)}))
}

func (s *Server) listChecks(c *call) (answer, error) {
	r, sha, err := c.commit()
	if err != nil {
		return answer{}, err
	}
	name := c.URL.Query().Get("check_name")
	all := slices.DeleteFunc(slices.Clone(r.checks), func(check *check) bool {
		return check.run.HeadSHA != sha || name != "" && check.run.Name != name
	})
	return ok(object{
		"total_count": len(all),
		"check_runs":  list(page(c, all), func(check *check) object { return s.checkJSON(r, check) }),
	})
}

func (s *Server) postCheck(c *call) (answer, error) {
	r, err := c.repoFor("push")
	if err != nil {
		return answer{}, err
	}
	var run struct {
		Name       string `json:"name"`
		HeadSHA    string `json:"head_sha"`
		Status     string `json:"status"`
		Conclusion string `json:"conclusion"`
		DetailsURL string `json:"details_url"`
	}
	if err := c.decode(&run); err != nil {
		return answer{}, err
	}
	if run.Name == "" || s.resolve(c.Context(), r, run.HeadSHA) == "" {
		return answer{}, missing("CheckRun", "name or head_sha")
	}
	if run.Conclusion != "" {
		run.Status = "completed"
	}
	return created(s.checkJSON(r, s.addCheck(r, github.CheckRun{
		Name: run.Name, HeadSHA: run.HeadSHA, Status: firstOf(run.Status, "queued"), Conclusion: run.Conclusion, HTMLURL: run.DetailsURL,
	})))
}

// AddCheckRun gives a commit a check run; a completed one has a conclusion.
func (s *Server) AddCheckRun(name github.Repo, run github.CheckRun) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return err
	}
	s.addCheck(r, run)
	return nil
}

func (s *Server) addCheck(r *repo, run github.CheckRun) *check {
	made := &check{id: s.id(), run: run, started: s.now(), updated: s.now()}
	r.checks = append(r.checks, made)
	return made
}

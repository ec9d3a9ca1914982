// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"net/http"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// actionRoutes are the operations on workflow runs, and the search.
func (s *Server) actionRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /repos/{owner}/{repo}/actions/runs", s.listRuns)
	route("POST /repos/{owner}/{repo}/actions/runs/{id}/rerun", func(c *call) (answer, error) { return s.rerun(c, "completed") })
	route("POST /repos/{owner}/{repo}/actions/runs/{id}/rerun-failed-jobs", func(c *call) (answer, error) { return s.rerun(c, "completed") })
	route("POST /repos/{owner}/{repo}/actions/runs/{id}/approve", func(c *call) (answer, error) { return s.rerun(c, "action_required") })
	route("GET /search/issues", s.searchIssues)
}

// AddWorkflowRun gives the repository a workflow run and returns its id.
func (s *Server) AddWorkflowRun(name github.Repo, run github.WorkflowRun) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return 0, err
	}
	run.ID = s.id()
	r.runs = append(r.runs, &workflowRun{run: run, number: len(r.runs) + 1, attempt: 1, created: s.now(), updated: s.now()})
	return run.ID, nil
}

// WorkflowRun returns the run as it is now, and how often it was started.
func (s *Server) WorkflowRun(name github.Repo, id int64) (run github.WorkflowRun, attempts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return run, 0
	}
	if w := r.run(id); w != nil {
		return w.run, w.attempt
	}
	return run, 0
}

func (r *repo) run(id int64) *workflowRun {
	i := slices.IndexFunc(r.runs, func(w *workflowRun) bool { return w.run.ID == id })
	if i < 0 {
		return nil
	}
	return r.runs[i]
}

func (s *Server) listRuns(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	query := c.URL.Query()
	fits := func(wanted string, have ...string) bool { return wanted == "" || slices.Contains(have, wanted) }
	all := slices.DeleteFunc(slices.Clone(r.runs), func(w *workflowRun) bool {
		return !fits(query.Get("head_sha"), w.run.HeadSHA) || !fits(query.Get("branch"), w.run.HeadBranch) ||
			!fits(query.Get("event"), w.run.Event) || !fits(query.Get("status"), w.run.Status, w.run.Conclusion)
	})
	slices.Reverse(all) // newest first
	return ok(object{
		"total_count":   len(all),
		"workflow_runs": list(page(c, all), func(w *workflowRun) object { return s.workflowRunJSON(r, w) }),
	})
}

// rerun queues a run again that is in the state.
func (s *Server) rerun(c *call, state string) (answer, error) {
	r, err := c.repoFor("push")
	if err != nil {
		return answer{}, err
	}
	w := r.run(int64(intOr(c.PathValue("id"), 0)))
	if w == nil {
		return answer{}, notFound()
	}
	if w.run.Status != state && w.run.Conclusion != state {
		return answer{}, forbidden("This workflow run cannot be started now")
	}
	w.run.Status, w.run.Conclusion, w.updated = "queued", "", s.now()
	w.attempt++
	return answer{http.StatusCreated, object{}}, nil
}

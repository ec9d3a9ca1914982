// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// withoutWorkflows is a GitHub that does not tell of workflows.
type withoutWorkflows struct {
	gitHub
	err error
}

func (w withoutWorkflows) WorkflowRuns(context.Context, github.Repo, github.WorkflowFilter) ([]github.WorkflowRun, error) {
	return nil, fmt.Errorf("listing workflow runs: %w", w.err)
}

// A bot that may not see workflows will not tomorrow either.
func TestWorkflowsThatCannotBeSeen(t *testing.T) {
	for _, tc := range []struct {
		err       error
		permanent bool
	}{
		{&github.Error{Status: 403}, true},
		{&github.Error{Status: 404}, true},
		{&github.Error{Status: 502}, false},
		{errors.New("connection reset"), false},
	} {
		gh := trigger{gh: withoutWorkflows{err: tc.err}}
		p := &pull{trigger: gh, details: &github.Pull{Org: "org", Repo: "repo", Number: 1}}
		for name, act := range map[string]func(context.Context, *pull) error{"approve": gh.approveWorkflows, "rerun": gh.rerunWorkflows} {
			if err := act(t.Context(), p); !errors.Is(err, tc.err) || event.IsPermanent(err) != tc.permanent {
				t.Errorf("%s: got %v, want %v, permanent %v", name, err, tc.err, tc.permanent)
			}
		}
	}
}

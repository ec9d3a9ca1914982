// SPDX-License-Identifier: Apache-2.0

package github

import (
	"fmt"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	githubapi "github.com/cutwater-ci/cutwater/internal/github"
)

// statusOf is the commit that gets a run's status, and the status.
func statusOf(pj *prowv1.ProwJob) (sha string, status githubapi.Status, err error) {
	state, err := statusState(pj.Status.State)
	if err != nil {
		return "", githubapi.Status{}, err
	}
	refs := pj.Spec.Refs
	return commitOf(refs), githubapi.Status{
		Context:     pj.Spec.Context,
		State:       state,
		Description: Describe(pj.Status.Description, refs.BaseSHA),
		TargetURL:   pj.Status.URL,
	}, nil
}

// commitOf is the commit that has a run's status.
func commitOf(refs *prowv1.Refs) string {
	if len(refs.Pulls) > 0 {
		return refs.Pulls[0].SHA
	}
	return refs.BaseSHA
}

// statusState is the state of GitHub's that stands for one of ours. GitHub has
// none for "aborted".
func statusState(state prowv1.ProwJobState) (string, error) {
	switch state {
	case prowv1.TriggeredState, prowv1.PendingState:
		return githubapi.StatusPending, nil
	case prowv1.SuccessState:
		return githubapi.StatusSuccess, nil
	case prowv1.FailureState, prowv1.AbortedState:
		return githubapi.StatusFailure, nil
	case prowv1.ErrorState:
		return githubapi.StatusError, nil
	case prowv1.SchedulingState:
	}
	return "", fmt.Errorf("GitHub has no status for state %q", state)
}

// SPDX-License-Identifier: Apache-2.0

// Package trigger starts presubmits on pulls, by themselves or when somebody
// asks for them, and postsubmits on pushes; and it guards who may start them.
//
// Starts on: a new comment, review or pull body; a pull opened, reopened,
// marked ready, pushed to, retargeted, labeled, closed or made a draft; a push.
// Changes: creates ProwJobs, aborts those that are outdated, sets the labels
// ok-to-test and needs-ok-to-test, comments, and reruns or approves GitHub
// Actions workflows. Config: triggers. In Prow: plugin "trigger".
package trigger

import (
	"time"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
)

// Name is the plugin's name in plugins.yaml.
const Name = "trigger"

// Labels that say whether a pull may start jobs.
const (
	okToTestLabel      = "ok-to-test"
	needsOKToTestLabel = "needs-ok-to-test"
	lgtmLabel          = "lgtm"
)

// gitHub is what trigger needs of GitHub; each part is declared where it is used.
type gitHub interface {
	members
	conversation
	pulls
	workflows
	searcher
}

// conversation is what people see of us.
type conversation interface {
	labeler
	commenter
}

// trigger acts on GitHub and Kubernetes. It holds no state.
type trigger struct {
	gh       gitHub
	prowJobs prowclient.ProwJobsGetter
	inRepo   inRepo
	now      func() time.Time
}

// New returns the trigger plugin. It makes ProwJobs through prowJobs, looks up
// jobs held in repositories through inRepo, and takes start times from now.
func New(gh gitHub, prowJobs prowclient.ProwJobsGetter, inRepo inRepo, now func() time.Time) plugin.Plugin {
	t := trigger{gh: gh, prowJobs: prowJobs, inRepo: inRepo, now: now}
	return plugin.Plugin{
		Name:          Name,
		Help:          help(),
		Commands:      commands(),
		OnComment:     t.onComment,
		OnPullRequest: t.onPullRequest,
		OnPush:        t.onPush,
	}
}

// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"strings"
)

// again says when it can help to try a fetch again.
type again int

const (
	later again = iota
	soon
	never
)

// mishap is a reason for which a command fails.
type mishap struct {
	// signs are what git, ssh or the system print then. There is nothing else to
	// tell it by; in another language it is just not told.
	signs []string
	again again
	// means says in plain words what it is, and how to mend it.
	means string
}

func mishaps() []mishap {
	return []mishap{
		{
			signs: []string{"No space left on device", "no space left on device", "Disk quota exceeded", "disk quota exceeded"},
			again: never,
			means: "The disk that the code is cloned to is full. The pod needs a node or volume with more room, or less to clone: see clone_depth, blobless_fetch and sparse_checkout_files.",
		},
		{
			signs: []string{"Host key verification failed"},
			again: soon,
			means: "ssh does not know the key of the host. ssh_host_fingerprints of the decoration config lists those that it may trust.",
		},
		{
			signs: []string{"No user exists for uid"},
			again: never,
			means: "ssh works only for users that the image of clonerefs knows. run_as_user must be one of them, or the image must have an entry in /etc/passwd for it.",
		},
		{
			signs: []string{"Authentication failed", "could not read Username", "could not read Password", "Permission denied (publickey", "returned error: 401", "returned error: 403"},
			again: soon,
			means: "The host refused to let us read the repository. Either no credentials are configured for it, or those that are do not count there any more.",
		},
		{
			signs: []string{"/installation: status 404"},
			means: "The GitHub App is not installed for this repository. An owner of the org can add it.",
		},
		{
			signs: []string{"epository not found", "' not found", "returned error: 404"},
			again: soon,
			means: "There is no such repository, or the credentials may not read it; some hosts do not tell which.",
		},
		{
			signs: []string{"refusing to merge unrelated histories"},
			means: "The commit that the pull began from was not fetched. With clone_depth set, that must reach as far back as pulls do.",
		},
		{
			signs: []string{"Operation too slow", "Connection timed out", "Operation timed out", "Timeout, server"},
			means: "The host took the connection, or the request, and then said nothing for " + silence.String() + ".",
		},
		{
			signs: []string{"Could not resolve host", "Could not resolve hostname"},
			means: "The host has no address: its name may be misspelt, or the cluster's DNS may be down.",
		},
	}
}

// mishapOf is what a command's output tells of; its zero value is what we do not know.
func mishapOf(output string) mishap {
	for _, m := range mishaps() {
		for _, sign := range m.signs {
			if strings.Contains(output, sign) {
				return m
			}
		}
	}
	return mishap{}
}

// explain puts into the record why the clone failed, if that is known.
func (r *run) explain(ctx context.Context) {
	switch commands := r.record.Commands; {
	case r.record.Explanation != "":
	case ctx.Err() != nil:
		r.record.Explanation = "The pod was told to stop before everything was cloned."
	case len(commands) > 0:
		last := &commands[len(commands)-1]
		r.record.Explanation = mishapOf(last.Output + "\n" + last.Error).means
	}
}

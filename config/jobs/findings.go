// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
)

// Invalid is something wrong with a job.
type Invalid struct {
	// Source is where the job is written.
	Source document.Position
	// Job names it, such as "presubmit unit".
	Job string
	// Field is the path below the job; it may be empty.
	Field   string
	Message string
	// Warning is whether the job is good all the same.
	Warning bool
	// Again is whether an earlier job has it from the same default, so that it need not be said.
	Again bool
}

// Problem is the error, at the job.
func (i Invalid) Problem() document.Problem {
	return document.Problem{Position: i.Source, Path: i.Field, Message: i.Job + ": " + i.Message}
}

// findings are what is wrong with jobs.
type findings struct {
	// limited is whether the jobs come from people who are not trusted.
	limited bool
	invalid []Invalid
}

// maxInvalid is how much is said about jobs in a repository.
const maxInvalid = 100

func (f *findings) fail(b *JobBase, kind, field, message string) {
	f.report(invalid(b, kind, field, message))
}

func invalid(b *JobBase, kind, field, message string) Invalid {
	return Invalid{Source: b.Source, Job: strings.TrimSpace(kind + " " + b.Name), Field: field, Message: message}
}

// report keeps what is wrong. About jobs in a repository warnings have no reader, and nobody needs to know of all that are wrong.
func (f *findings) report(wrong Invalid) {
	if f.limited {
		if wrong.Warning || wrong.Again || len(f.invalid) >= maxInvalid {
			return
		}
		wrong.Job, wrong.Message = shorten(wrong.Job), shorten(wrong.Message)
	}
	f.invalid = append(f.invalid, wrong)
}

// shorten cuts a text to what a log can bear.
func shorten(text string) string {
	if len(text) <= 500 {
		return text
	}
	return strings.ToValidUTF8(text[:500], "") + "…"
}

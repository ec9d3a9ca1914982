// SPDX-License-Identifier: Apache-2.0

// Package github is the crier's reporter to GitHub: a commit status for each
// run that asks to be reported, and on the pull one comment with a table of
// the jobs that failed.
//
// Starts on: a ProwJob's change of state. Changes: statuses, and the bot's own
// comments that carry the marker. Config: github_reporter and
// plank.report_templates. In Prow: crier's github-reporter and pkg/github/report.
//
// What to say is decided by pure functions (Describe, planComment); reporter.go
// fetches what they need and does what they say. The words and the table are
// Prow's, since a table that Prow wrote may have to be carried on.
package github

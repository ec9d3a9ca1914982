// SPDX-License-Identifier: Apache-2.0

// Package jobs decides which jobs an event or a comment starts, and makes
// their ProwJobs. It is pure: no client, no clock, no randomness.
//
// The trigger plugin, tide, horologium and the command line use it. Config:
// the job files. In Prow: pkg/pjutil.
package jobs

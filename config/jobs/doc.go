// SPDX-License-Identifier: Apache-2.0

// Package jobs is the job part of the configuration: presubmits, postsubmits,
// periodics and presets, from config.yaml, from the job files and from
// .prow.yaml, with their defaults, their validation, and the rules by which a
// job runs. It changes nothing.
//
// In Prow: pkg/config, jobs.go, branch.go and their like.
package jobs

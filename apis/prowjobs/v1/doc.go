// SPDX-License-Identifier: Apache-2.0

// Package v1 holds the ProwJob, the object that stands for one run of a job:
// what shall run, on which code, and what became of it. Everything that starts
// a job creates a ProwJob; the controllers move it along and report it.
//
// The wire format is Prow's prow.k8s.io/v1, field for field, so that existing
// clients, dashboards and stored objects keep working. Note its mixture of
// camelCase times and snake_case names.
//
// +k8s:deepcopy-gen=package
// +groupName=prow.k8s.io
package v1

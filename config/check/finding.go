// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
)

// inConfig is a finding at a path of config.yaml or of one of its supplements.
func inConfig(path, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{Path: path, Message: fmt.Sprintf(format, args...)}, part: ConfigFile}
}

// inPlugins is a finding at a path of plugins.yaml or of one of its supplements.
func inPlugins(path, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{Path: path, Message: fmt.Sprintf(format, args...)}, part: PluginsFile}
}

// known are findings that loading made, at the level that they have.
func known(level Level, problems []document.Problem) []Finding {
	found := make([]Finding, len(problems))
	for i, p := range problems {
		found[i] = Finding{Problem: p, Level: level}
	}
	return found
}

// finding is one at a field of the job.
func (j job) finding(field, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{
		Position: j.Source, Path: field, Message: fmt.Sprintf("%s %s: %s", j.Type(), j.Name, fmt.Sprintf(format, args...)),
	}}
}

// onKubernetes reports whether the job's agent is kubernetes.
func (j job) onKubernetes() bool { return j.Agent == string(prowv1.KubernetesAgent) }

// SPDX-License-Identifier: Apache-2.0

// Package layout is where a run's results lie in the bucket, what the small
// files there hold, and the address of the page that shows them. The layout is
// Prow's, so that Spyglass, TestGrid and everything else that reads it goes on
// reading it.
package layout

import (
	"path"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
)

// Files in a run's folder.
const (
	StartedFile      = "started.json"
	FinishedFile     = "finished.json"
	ProwJobFile      = "prowjob.json"
	PodInfoFile      = "podinfo.json"
	BuildLogFile     = "build-log.txt"
	CloneLogFile     = "clone-log.txt"
	CloneRecordsFile = "clone-records.json"
	SidecarLogsFile  = "sidecar-logs.json"
	ArtifactsDir     = "artifacts"
	LatestBuildFile  = "latest-build.txt"
)

const (
	logsDir      = "logs"
	pullLogsDir  = "pr-logs/pull"
	directoryDir = "pr-logs/directory"
)

// RunDir is the folder of a run's results in the bucket, without a leading slash.
func RunDir(config *prowv1.GCSConfiguration, spec *jobspec.Spec) string {
	var dir string
	switch spec.Type {
	case prowv1.PresubmitJob:
		dir = path.Join(pullDir(config, spec), spec.Job, spec.BuildID)
	case prowv1.BatchJob:
		dir = path.Join(pullLogsDir, "batch", spec.Job, spec.BuildID)
	default:
		dir = path.Join(logsDir, spec.Job, spec.BuildID)
	}
	return path.Join(config.PathPrefix, dir)
}

// pullDir is the folder of a pull request.
func pullDir(config *prowv1.GCSConfiguration, spec *jobspec.Spec) string {
	if spec.Refs == nil || len(spec.Refs.Pulls) == 0 {
		return pullLogsDir // a presubmit without a pull; it is wrong, but its results shall not be lost
	}
	segment := RepoSegment(config, spec.Refs.Org, spec.Refs.Repo)
	return path.Join(pullLogsDir, segment, strconv.Itoa(spec.Refs.Pulls[0].Number))
}

// RepoSegment is what stands for the repository in a path: org_repo, or less
// for the default ones. It may be empty.
func RepoSegment(config *prowv1.GCSConfiguration, org, repo string) string {
	// Gerrit's orgs are URLs, and its repositories have slashes.
	segment := strings.TrimPrefix(strings.TrimPrefix(org, "https://"), "http://") + "_" + strings.ReplaceAll(repo, "/", "_")
	isDefault := org == config.DefaultOrg && repo == config.DefaultRepo
	switch config.PathStrategy {
	case prowv1.PathStrategyLegacy:
		if isDefault {
			return ""
		}
		if org == config.DefaultOrg {
			return repo
		}
	case prowv1.PathStrategySingle:
		if isDefault {
			return ""
		}
	case prowv1.PathStrategyExplicit: // always whole
	}
	return segment
}

// Alias is the file that leads from a presubmit's job and build ID to its run's
// folder; empty for other types. It is not below the path prefix.
func Alias(spec *jobspec.Spec) string {
	if spec.Type != prowv1.PresubmitJob {
		return ""
	}
	return path.Join(directoryDir, spec.Job, spec.BuildID+".txt")
}

// LatestBuilds are the files that hold the build ID of the job's last run. They
// are not below the path prefix.
func LatestBuilds(config *prowv1.GCSConfiguration, spec *jobspec.Spec) []string {
	directory := path.Join(directoryDir, spec.Job, LatestBuildFile)
	switch spec.Type {
	case prowv1.PresubmitJob:
		return []string{directory, path.Join(pullDir(config, spec), spec.Job, LatestBuildFile)}
	case prowv1.BatchJob:
		return []string{directory}
	default:
		return []string{path.Join(logsDir, spec.Job, LatestBuildFile)}
	}
}

// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
)

// clusterReachable is the state of a build cluster on which pods can be made.
const clusterReachable = "Reachable"

// statusFile is the key that says where the states of build clusters are.
const statusFile = "plank.build_cluster_status_file"

// validateClusterField finds jobs on clusters that there are not.
func validateClusterField(in Input) []Finding {
	var found []Finding
	if err := in.Facts.ClustersError; err != nil {
		unread := inConfig(statusFile, "cannot be read, so that the clusters of jobs are not checked: %v", err)
		if errors.Is(err, fs.ErrNotExist) { // Before plank has written it for the first time.
			unread.Level = Notice
		}
		found = append(found, unread)
	}
	for j := range in.jobs() {
		if j.Agent == string(prowv1.JenkinsAgent) && j.Cluster != "" && j.Cluster != prowv1.DefaultClusterAlias {
			found = append(found, j.finding("cluster", "agent jenkins runs on no cluster"))
			continue
		}
		if in.Facts.Clusters == nil {
			continue
		}
		switch state, ok := in.Facts.Clusters[j.Cluster]; {
		case !ok:
			found = append(found, j.finding("cluster", "there is no cluster %q%s", j.Cluster, didYouMean(j.Cluster, slices.Sorted(maps.Keys(in.Facts.Clusters)))))
		case !strings.EqualFold(state, clusterReachable):
			notice := j.finding("cluster", "cluster %q cannot be reached: %s", j.Cluster, state)
			notice.Level = Notice
			found = append(found, notice)
		}
	}
	return found
}

// didYouMean proposes what a word was probably meant to be.
func didYouMean(word string, candidates []string) string {
	if closest := document.Closest(word, candidates); closest != "" {
		return "; did you mean " + closest + "?"
	}
	return ""
}

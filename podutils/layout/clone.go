// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"path"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// ClonePath is where below srcRoot (a $GOPATH) refs are cloned to.
func ClonePath(srcRoot string, refs prowv1.Refs) string {
	place := "github.com/" + refs.Org + "/" + refs.Repo
	switch {
	case refs.PathAlias != "":
		place = refs.PathAlias
	case refs.RepoLink != "":
		place = withoutScheme(refs.RepoLink)
	}
	return path.Join(srcRoot, "src", place)
}

func withoutScheme(link string) string {
	if _, rest, ok := strings.Cut(link, "://"); ok {
		return rest
	}
	return link
}

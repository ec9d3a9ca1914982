// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"path"
	"reflect"
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

// Censored stands in records where a secret was.
const Censored = "CENSORED"

// ShownRefs are refs as everybody may see them: without the user and password
// that the URI to clone from may hold.
func ShownRefs(refs prowv1.Refs) prowv1.Refs {
	refs.CloneURI, refs.RepoLink = Censor(refs.CloneURI), Censor(refs.RepoLink)
	return refs
}

// sameRefs tells whether a clone record is of refs.
func sameRefs(record, refs prowv1.Refs) bool {
	return reflect.DeepEqual(ShownRefs(record), ShownRefs(refs))
}

// Censor takes user and password, either of which can be a token, out of all
// web URLs in the text. The user of others, as in ssh://git@host, is none.
func Censor(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "://")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("://")
		authority := rest
		if end := strings.IndexAny(rest, "/?# \t\r\n"); end >= 0 {
			authority = rest[:end]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 && (isWeb(before) || strings.Contains(authority[:at], ":")) {
			b.WriteString(Censored)
			rest = rest[at:]
		}
		text = rest
	}
}

// isWeb tells whether what comes before :// is http or https, at its end.
func isWeb(before string) bool {
	scheme := strings.ToLower(before[max(0, len(before)-len("https")):])
	return strings.HasSuffix(scheme, "http") || scheme == "https"
}

// SPDX-License-Identifier: Apache-2.0

package house

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers are the folders from the top down: a package imports what is in its
// own group or further down, never up.
var layers = [][]string{
	{"test"},
	{"cmd"},
	{"local"},
	{"functions", "controllers", "podutils"},
	{"triggers"},
	{"config"},
	{"apis", "internal"},
}

// deployed is what everybody may read: manifests, which import nothing of ours.
const deployed = "deploy"

func layer(dir string) int {
	top, _, _ := strings.Cut(dir, "/")
	for i, names := range layers {
		if slices.Contains(names, top) {
			return i
		}
	}
	return -1
}

// pure are packages that siblings may import: they hold what several share.
var pure = []string{
	"functions/plugins/plugin", "functions/plugins/plugintest",
	"podutils/options", "podutils/jobspec", "podutils/layout", "podutils/decorate", "podutils/upload",
	"podutils/wrapper", "podutils/censor", "podutils/command", "podutils/livelog",
	"triggers", "config", "local/manifests", "local/controlplane", "local/gobuild",
}

// lists are the packages that know their siblings: they only say what exists.
var lists = []string{"controllers", "functions/plugins", "local/up", "local/cli"}

// Imports point one way, and siblings do not import siblings.
func TestImportDirection(t *testing.T) {
	for _, s := range sources(t) {
		from := layer(s.dir())
		if from < 0 || s.test {
			continue // tests may use what is above them; the rest is listed in TestFolders
		}
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, ours := strings.CutPrefix(path, module+"/")
			if !ours || to == deployed {
				continue
			}
			if layer(to) < from {
				t.Errorf("%s imports %s, which is above it", s.path, to)
			}
			if sibling(s.dir(), to) {
				t.Errorf("%s imports its sibling %s; put what they share below both", s.path, to)
			}
		}
	}
}

// sibling reports whether two packages are different parts of one of the
// layers that have parts.
func sibling(from, to string) bool {
	if slices.Contains(lists, from) {
		return false
	}
	if slices.Contains(pure, to) {
		return false
	}
	fromPart, toPart := part(from), part(to)
	return fromPart != "" && toPart != "" && fromPart != toPart && strings.Split(from, "/")[0] == strings.Split(to, "/")[0]
}

// part is the second level of the folders whose children are apart: hook of
// functions/hook, trigger of functions/plugins/trigger.
func part(dir string) string {
	names := strings.Split(dir, "/")
	switch {
	case len(names) > 2 && names[0] == "functions" && names[1] == "plugins":
		return "plugins/" + names[2]
	case len(names) > 1 && (names[0] == "functions" || names[0] == "controllers" || names[0] == "podutils" || names[0] == "local"):
		return names[1]
	}
	return ""
}

// Clouds, GitHub's library and loggers stay in the leaves that wrap them.
func TestLibrariesStayInTheirLeaves(t *testing.T) {
	leaves := map[string][]string{ // an import's prefix → the folders that may have it
		"cloud.google.com/":                       {"internal/blob"},
		"github.com/aws/":                         {"internal/blob"},
		"gocloud.dev/":                            {"internal/blob"},
		"github.com/google/go-github/":            {"internal/github"},
		"github.com/shurcooL/":                    {"internal/github"},
		"github.com/bradleyfalzon/ghinstallation": {"internal/github"},
		"sigs.k8s.io/prow":                        nil,
		"github.com/sirupsen/logrus":              nil,
		"github.com/stretchr/testify":             nil,
		"github.com/golang/mock":                  nil,
	}
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for prefix, folders := range leaves {
				if strings.HasPrefix(path, prefix) && !within(s.dir(), folders) {
					t.Errorf("%s imports %s; only %v may", s.path, path, folders)
				}
			}
		}
	}
}

func within(dir string, folders []string) bool {
	for _, folder := range folders {
		if dir == folder || strings.HasPrefix(dir, folder+"/") {
			return true
		}
	}
	return false
}

// SPDX-License-Identifier: Apache-2.0

// Package plugintest tells stories about plugins: what is given on GitHub, who
// does what, and what the plugin then does. It acts through the real client on a
// GitHub in memory, with the webhooks that GitHub would send.
//
// A file testdata/x.txtar holds stories. Text before "-- given --" is the title,
// sections before it (config.yaml, jobs.yaml, plugins.yaml, and repo/PATH for
// files of org/repo) are shared by all stories of the file.
//
//	# Anyone may hold, once; the second /hold changes nothing.
//	-- given --
//	pull org/repo#1 author=ann
//	-- when --
//	bob: /hold
//	bob: /hold
//	-- then --
//	org/repo#1 +label do-not-merge/hold
//
// The file given.go lists what can be given, when.go what people can do, and
// then.go what a plugin can be seen to do. It is for tests; Prow has no such thing.
package plugintest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
)

// Run tells every story of the files that the pattern matches, each about a new
// plugin that acts through the kit.
func Run(t *testing.T, pattern string, makePlugin func(Kit) plugin.Plugin) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no story matches %s (%v)", pattern, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stories, err := parse(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, s := range stories {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+s.title, func(t *testing.T) { s.tell(t, makePlugin) })
		}
	}
}

// story is one of a file's stories.
type story struct {
	title             string
	files             map[string]string // by name of section
	given, when, then []string
}

// parse reads the stories of a file.
func parse(data []byte) ([]story, error) {
	archive := txtar.Parse(data)
	title := titleOf(string(archive.Comment))
	shared := map[string]string{}
	var stories []story
	for _, section := range archive.Files {
		text := string(section.Data)
		if section.Name == "given" {
			stories = append(stories, story{title: title, files: shared})
		}
		if len(stories) == 0 {
			shared[section.Name] = text
			if next := titleOf(text); next != "" && !strings.Contains(section.Name, ".") {
				title = next
			}
			continue
		}
		s := &stories[len(stories)-1]
		switch section.Name {
		case "given":
			s.given = lines(text)
		case "when":
			s.when = lines(text)
		case "then":
			s.then = lines(text)
			title = titleOf(text) // of the next story
		default:
			return nil, fmt.Errorf("story %q: unknown section %q", s.title, section.Name)
		}
	}
	for _, s := range stories {
		if s.title == "" || len(s.when) == 0 {
			return nil, fmt.Errorf("a story has no title, or nothing happens in it: %q", s.title)
		}
	}
	return stories, nil
}

// lines returns the lines of a section that say something.
func lines(text string) []string {
	said := []string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			said = append(said, line)
		}
	}
	return said
}

// titleOf returns the text of the lines that begin with #.
func titleOf(text string) string {
	var title []string
	for line := range strings.Lines(text) {
		if words, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok {
			title = append(title, strings.TrimSpace(words))
		}
	}
	return strings.Join(title, " ")
}

// tell has the story happen, and compares what the plugin did.
func (s story) tell(t *testing.T, makePlugin func(Kit) plugin.Plugin) {
	t.Helper()
	w := newWorld(t, s.files)
	for _, line := range s.given {
		if err := w.give(line); err != nil {
			t.Fatalf("given %q: %v", line, err)
		}
	}
	w.begin(makePlugin(w.kit))
	for _, line := range s.when {
		if err := w.do(line); err != nil {
			t.Fatalf("when %q: %v", line, err)
		}
	}
	if diff := cmp.Diff(s.then, w.seen()); diff != "" {
		t.Errorf("what the plugin did (-want, +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"errors"
	"testing"
)

func TestIntersects(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Brancher
		want bool
	}{
		{"all and some", Brancher{}, Brancher{Branches: []string{"main"}}, true},
		{"the same", Brancher{Branches: []string{"main", "x"}}, Brancher{Branches: []string{"main"}}, true},
		{"others", Brancher{Branches: []string{"x"}}, Brancher{Branches: []string{"main"}}, false},
		{"expressions are compared as text", Brancher{Branches: []string{"ma.*"}}, Brancher{Branches: []string{"main"}}, false},
		{"skipped", Brancher{Branches: []string{"main"}}, Brancher{SkipBranches: []string{"main"}}, false},
		{"not skipped", Brancher{Branches: []string{"x"}}, Brancher{SkipBranches: []string{"main"}}, true},
		{"both skip", Brancher{SkipBranches: []string{"x"}}, Brancher{SkipBranches: []string{"main"}}, true},
	} {
		if got := c.a.Intersects(c.b); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
		if got := c.b.Intersects(c.a); got != c.want {
			t.Errorf("%s, the other way: got %v", c.name, got)
		}
	}
}

func TestChangesAreAskedOnlyWhenNeeded(t *testing.T) {
	broken := func() ([]string, error) { return nil, errors.New("no network") }
	p := Presubmit{AlwaysRun: true}
	if run, err := p.ShouldRun("main", broken, false, false); !run || err != nil {
		t.Errorf("always_run: %v, %v", run, err)
	}
	p = Presubmit{RegexpChangeMatcher: RegexpChangeMatcher{RunIfChanged: "docs"}}
	if run, err := p.ShouldRun("main", broken, true, false); !run || err != nil {
		t.Errorf("forced: %v, %v", run, err)
	}
	if _, err := p.ShouldRun("main", broken, false, false); err == nil {
		t.Error("run_if_changed does not report that it cannot know")
	}
	p.Branches = []string{"release"}
	if run, err := p.ShouldRun("main", broken, false, false); run || err != nil {
		t.Errorf("another branch: %v, %v", run, err)
	}
	if run, err := (Presubmit{RegexpChangeMatcher: RegexpChangeMatcher{SkipIfOnlyChanged: "docs"}}).ShouldRun("main", FixedChanges(), false, false); run || err != nil {
		t.Errorf("no files at all: %v, %v", run, err)
	}
}

func TestPostsubmitAlwaysRun(t *testing.T) {
	yes, no := true, false
	changed := RegexpChangeMatcher{RunIfChanged: "docs"}
	for _, c := range []struct {
		name string
		job  Postsubmit
		want bool
	}{
		{"unset", Postsubmit{}, true},
		{"true", Postsubmit{AlwaysRun: &yes}, true},
		{"false", Postsubmit{AlwaysRun: &no}, false},
		{"false with a condition that holds", Postsubmit{AlwaysRun: &no, RegexpChangeMatcher: changed}, true},
		{"a condition that does not hold", Postsubmit{RegexpChangeMatcher: RegexpChangeMatcher{RunIfChanged: "x"}}, false},
	} {
		got, err := c.job.ShouldRun("main", FixedChanges("docs/a.md"))
		if got != c.want || err != nil {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
	}
}

func TestTriggersShareOnlyWhatTheyMay(t *testing.T) {
	file := &File{Presubmits: map[string][]Presubmit{"org/repo": {
		{JobBase: JobBase{Name: "unit.x", Agent: "jenkins"}},
		{JobBase: JobBase{Name: "unit", Agent: "jenkins"}},
		{JobBase: JobBase{Name: "own", Agent: "jenkins"}, Trigger: `(?m)^/go$`, RerunCommand: "/go"},
	}}}
	all, invalid := assembled(file)
	if len(invalid) > 0 {
		t.Fatal(invalid)
	}
	for comment, want := range map[string][]bool{
		"/test unit.x":       {true, false, false},
		"/test unitax":       {true, false, false}, // The name is not escaped.
		"/test unit":         {false, true, false},
		"/test a unit, b":    {false, true, false},
		"/go":                {false, false, true},
		"unit /test":         {false, false, false},
		"hello\n/test unit":  {false, true, false},
		"/test unit-and-all": {false, false, false},
	} {
		for i, p := range all.Presubmits["org/repo"] {
			if got := p.TriggerMatches(comment); got != want[i] {
				t.Errorf("%q for %s: got %v", comment, p.Name, got)
			}
		}
	}
}

// assembled is the jobs of one file, and what is wrong with them.
func assembled(file *File) (*Jobs, []Invalid) {
	files := []*File{file}
	invalid := Finish(files, file.Presets, Settings{})
	all, together := Assemble(files)
	return all, append(invalid, together...)
}

// SPDX-License-Identifier: Apache-2.0

package configdiff

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text is the report for people. Jobs that change alike are told together.
func (r *Report) Text() string {
	if r.Empty() {
		return "no job changes\n"
	}
	t := &text{}
	t.line(0, "%d added, %d removed, %d changed", len(r.Added), len(r.Removed), len(r.Changed))
	for _, job := range r.Added {
		t.blank()
		t.line(0, "+ %s", job.title())
		t.line(4, "runs %s", job.Runs)
	}
	for _, job := range r.Removed {
		t.blank()
		t.line(0, "- %s", job.title())
		t.line(4, "ran %s", job.Runs)
	}
	for _, alike := range grouped(r.Changed) {
		t.blank()
		for _, change := range alike {
			t.line(0, "~ %s", change.title())
		}
		t.fields("when it runs", alike[0].When)
		t.fields("its pod", alike[0].Pod)
		t.fields("the rest", alike[0].Rest)
	}
	return t.String()
}

// title names a job and says where it is.
func (j Job) title() string {
	title := string(j.Type) + " " + j.Name
	if j.Repo != "" {
		title += " of " + j.Repo
	}
	return title + " (" + j.Source + ")"
}

// grouped puts changes together that are the same but for the job, where the
// first of them stands.
func grouped(changes []Change) [][]Change {
	var groups [][]Change
	index := map[string]int{}
	for _, change := range changes {
		key, err := json.Marshal([][]Field{change.When, change.Pod, change.Rest})
		i, known := index[string(key)]
		if err != nil || !known {
			i = len(groups)
			groups = append(groups, nil)
			index[string(key)] = i
		}
		groups[i] = append(groups[i], change)
	}
	return groups
}

// text is lines in the making.
type text struct{ strings.Builder }

func (t *text) blank() { t.WriteByte('\n') }

func (t *text) line(indent int, format string, args ...any) {
	t.WriteString(strings.Repeat(" ", indent))
	fmt.Fprintf(t, format, args...)
	t.WriteByte('\n')
}

func (t *text) fields(title string, fields []Field) {
	if len(fields) == 0 {
		return
	}
	t.line(4, "%s:", title)
	for _, f := range fields {
		before, isText := f.Old.(string)
		after, alsoText := f.New.(string)
		if (isText || f.Old == nil) && (alsoText || f.New == nil) && strings.Contains(before+after, "\n") {
			t.line(6, "%s:", f.Path)
			t.lines(before, after)
			continue
		}
		switch {
		case f.Old == nil:
			t.line(6, "+ %s: %s", f.Path, shown(f.New))
		case f.New == nil:
			t.line(6, "- %s: %s", f.Path, shown(f.Old))
		default:
			t.line(6, "%s: %s -> %s", f.Path, shown(f.Old), shown(f.New))
		}
	}
}

// lines shows the lines in which two texts differ.
func (t *text) lines(before, after string) {
	same := func(x, y string) bool { return x == y }
	for _, h := range Hunks(split(before), split(after), same) {
		for _, line := range h.Old {
			t.line(8, "- %s", line)
		}
		for _, line := range h.New {
			t.line(8, "+ %s", line)
		}
	}
}

// split is the lines of a text; of none there are none.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// shown is a value on one line.
func shown(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

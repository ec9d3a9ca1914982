// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Level is how a thing is.
type Level string

// The levels.
const (
	// OK: as it must be.
	OK Level = "ok"
	// Warning: it works, perhaps not for long or not as it was meant.
	Warning Level = "warning"
	// Problem: something does not work.
	Problem Level = "problem"
	// NotChecked: nobody knows.
	NotChecked Level = "not checked"
)

// Finding is one line of a report.
type Finding struct {
	Check   string `json:"check"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
	// Mend says what to do about it.
	Mend string `json:"mend,omitempty"`
}

func ok(format string, args ...any) Finding {
	return Finding{Level: OK, Message: fmt.Sprintf(format, args...)}
}

func warning(format string, args ...any) Finding {
	return Finding{Level: Warning, Message: fmt.Sprintf(format, args...)}
}

func problem(format string, args ...any) Finding {
	return Finding{Level: Problem, Message: fmt.Sprintf(format, args...)}
}

func notChecked(format string, args ...any) []Finding {
	return []Finding{{Level: NotChecked, Message: fmt.Sprintf(format, args...)}}
}

// mend adds what to do.
func (f Finding) mend(format string, args ...any) Finding {
	f.Mend = fmt.Sprintf(format, args...)
	return f
}

// orOK are the findings or, when there are none, that all is well.
func orOK(found []Finding, format string, args ...any) []Finding {
	if len(found) > 0 {
		return found
	}
	return []Finding{ok(format, args...)}
}

// Report is what was found, in the order of the checks.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Problems is how many things do not work.
func (r Report) Problems() int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == Problem {
			n++
		}
	}
	return n
}

// Format is a form in which a report is written.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
)

// Formats are all formats.
func Formats() []Format { return []Format{Text, JSON} }

// Write writes the report.
func (r Report) Write(w io.Writer, format Format) error {
	if format == JSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(Report{slices.Concat([]Finding{}, r.Findings)})
	}
	width := 0
	for _, f := range r.Findings {
		width = max(width, len(f.Check))
	}
	for _, f := range r.Findings {
		line := fmt.Sprintf("%-11s  %-*s  %s", f.Level, width, f.Check, f.Message)
		if f.Mend != "" {
			line += " – " + f.Mend
		}
		if _, err := fmt.Fprintln(w, oneLine(line)); err != nil {
			return err
		}
	}
	return nil
}

// oneLine replaces what a terminal would act on: messages quote what others wrote.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Format is a form in which findings are written.
type Format string

// The formats.
const (
	// Text is for people: file:line:column: level: path: message [check].
	Text Format = "text"
	// JSON is one object.
	JSON Format = "json"
	// GitHub is annotations on a pull, when a workflow of GitHub prints it.
	GitHub Format = "github"
)

// Formats are all formats.
func Formats() []Format { return []Format{Text, JSON, GitHub} }

// Write writes the report.
func (r Report) Write(w io.Writer, format Format) error {
	var b bytes.Buffer
	switch format {
	case JSON:
		if err := r.json(&b); err != nil {
			return err
		}
	case GitHub:
		for i := range r.Findings {
			r.Findings[i].annotate(&b)
		}
		fmt.Fprintln(&b, r.summary())
	case Text:
		for i := range r.Findings {
			r.Findings[i].text(&b)
		}
		fmt.Fprintln(&b, r.summary())
	default:
		return fmt.Errorf("there is no format %q", format)
	}
	_, err := b.WriteTo(w)
	return err
}

// summary is how much there is.
func (r Report) summary() string {
	count := func(level Level) string {
		n := r.Count(level)
		if n == 1 {
			return "1 " + string(level)
		}
		return fmt.Sprintf("%d %ss", n, level)
	}
	return count(Error) + ", " + count(Warning) + ", " + count(Notice)
}

func (f *Finding) text(b *bytes.Buffer) {
	if f.File != "" {
		b.WriteString(oneLine(f.File))
		for _, n := range []int{f.Line, f.Column} {
			if n > 0 {
				fmt.Fprintf(b, ":%d", n)
			}
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(b, "%s: %s", f.Level, oneLine(f.description()))
	if f.Check != "" {
		fmt.Fprintf(b, " [%s]", f.Check)
	}
	b.WriteString("\n")
}

// description is the message after the path.
func (f *Finding) description() string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + ": " + f.Message
}

// oneLine keeps a finding on its line, and the terminal as it is, whatever a configuration has in its strings.
func oneLine(text string) string {
	return escapeIf(text, unicode.IsControl)
}

// escapeIf writes some characters as they are written in Go.
func escapeIf(text string, escaped func(rune) bool) string {
	if strings.IndexFunc(text, escaped) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if escaped(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// annotate writes the command that makes GitHub show the finding beside the line.
func (f *Finding) annotate(b *bytes.Buffer) {
	title := "cutwater check"
	if f.Check != "" {
		title = f.Check
	}
	var properties []string
	add := func(key, value string) { properties = append(properties, key+"="+escapeProperty(value)) }
	if f.File != "" {
		add("file", f.File)
		if f.Line > 0 {
			add("line", strconv.Itoa(f.Line))
		}
		if f.Column > 0 {
			add("col", strconv.Itoa(f.Column))
		}
	}
	add("title", title)
	fmt.Fprintf(b, "::%s %s::%s\n", f.Level, strings.Join(properties, ","), escapeData(f.description()))
}

// escapeData escapes what would end the message of a workflow command.
func escapeData(text string) string {
	text = escapeIf(text, func(r rune) bool { return unicode.IsControl(r) && r != '\r' && r != '\n' })
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapeProperty escapes also what would end a property.
func escapeProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(text))
}

// json writes one object; what is unknown is left out.
func (r Report) json(b *bytes.Buffer) error {
	type finding struct {
		Level   Level  `json:"level"`
		Check   string `json:"check,omitempty"`
		File    string `json:"file,omitempty"`
		Line    int    `json:"line,omitempty"`
		Column  int    `json:"column,omitempty"`
		Path    string `json:"path,omitempty"`
		Message string `json:"message"`
	}
	object := struct {
		Errors   int       `json:"errors"`
		Warnings int       `json:"warnings"`
		Notices  int       `json:"notices"`
		Findings []finding `json:"findings"`
	}{r.Count(Error), r.Count(Warning), r.Count(Notice), make([]finding, len(r.Findings))}
	for i := range r.Findings {
		f := &r.Findings[i]
		object.Findings[i] = finding{f.Level, f.Check, f.File, f.Line, f.Column, f.Path, f.Message}
	}
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object)
}

// SPDX-License-Identifier: Apache-2.0

package document

import (
	"iter"
	"strings"

	"knative.dev/pkg/apis"
)

// Problems is what the validation of what was read from the document found, at its places.
func (d *Document) Problems(errs *apis.FieldError) Problems {
	if errs == nil {
		return nil
	}
	var problems Problems
	for path, message := range FieldErrors(errs) {
		first, _, _ := strings.Cut(path, ", ")
		problems = append(problems, Problem{Position: d.Locate(first), Path: path, Message: message})
	}
	return problems
}

// FieldErrors goes through the paths of a FieldError and what is wrong there.
func FieldErrors(errs *apis.FieldError) iter.Seq2[string, string] {
	return func(yield func(path, message string) bool) {
		for _, e := range errs.WrappedErrors() {
			message := e.Message
			if message == "missing field(s)" {
				message = "is missing"
			}
			if e.Details != "" {
				message += ": " + e.Details
			}
			paths := make([]string, len(e.Paths))
			for i, path := range e.Paths {
				paths[i] = tidy(path)
			}
			if strings.HasPrefix(e.Message, "expected ") { // Several paths that exclude each other are one error.
				paths = []string{strings.Join(paths, ", ")}
			}
			for _, path := range paths {
				if !yield(path, message) {
					return
				}
			}
		}
	}
}

// tidy takes away the dots that package apis puts before [keys] that have dots in them.
func tidy(path string) string {
	var b strings.Builder
	depth := 0
	for i, c := range path {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		case '.':
			if depth == 0 && strings.HasPrefix(path[i:], ".[") {
				continue
			}
		}
		b.WriteRune(c)
	}
	return b.String()
}

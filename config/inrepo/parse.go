// SPDX-License-Identifier: Apache-2.0

package inrepo

import (
	"fmt"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// The limits of what one repository may have us read and keep: of a file and of
// all of them in bytes, of all of them in values, and in jobs and presets. Package
// jobs limits the values of one file.
const (
	maxSize   = 1 << 20
	maxTotal  = 4 << 20
	maxValues = 100_000
	maxJobs   = 2000
)

// maxProblems is how much is said about one repository.
const maxProblems = 100

// parsed is what the files of a repository say together.
type parsed struct {
	decoder *document.Decoder
	jobs.InRepoFile
	// Result is what is wrong, and what is odd: fields that we do not know are
	// left alone, as a repository may be ahead of this program.
	document.Result
	bytes, values int
}

// parse reads files by their names. What is wrong in one does not keep it from
// the next; what is too much ends it.
func parse(decoder *document.Decoder, names []string, contents [][]byte) *parsed {
	p := &parsed{decoder: decoder}
	for i, name := range names {
		if !p.add(name, contents[i]) || len(p.Errors) >= maxProblems {
			break
		}
	}
	return p
}

// add reads one file more, and reports whether another one may follow.
func (p *parsed) add(name string, content []byte) bool {
	size := len(content)
	p.bytes += size
	switch {
	case size > maxSize:
		p.fail(name, "is larger than the %d bytes that are read", maxSize)
		return true
	case p.bytes > maxTotal:
		p.fail(name, "with it, the repository's jobs have more than the %d bytes that are read", maxTotal)
		return false
	}
	doc, err := document.Parse(name, string(content))
	if err != nil {
		(*document.Problems)(&p.Errors).Add(name, err)
		return true
	}
	if p.values += doc.Size(); p.values > maxValues {
		p.fail(name, "with it, the repository's jobs have more than the %d values that are read", maxValues)
		return false
	}
	var file jobs.InRepoFile
	result := p.decoder.Decode(doc, &file)
	p.Errors, p.Warnings = append(p.Errors, result.Errors...), append(p.Warnings, result.Warnings...)
	p.Merge(&file)
	if n := len(p.Presubmits) + len(p.Postsubmits) + len(p.Presets); n > maxJobs {
		p.fail(name, "with it, the repository has %d jobs and presets, more than the %d that are read", n, maxJobs)
		return false
	}
	return true
}

func (p *parsed) fail(name, format string, args ...any) {
	p.Errors = append(p.Errors, document.Problem{Position: document.Position{File: name}, Message: fmt.Sprintf(format, args...)})
}

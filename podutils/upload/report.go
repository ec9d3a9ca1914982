// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"log/slog"
	"slices"
	"sync"
)

// Report tells what became of the objects of a run. Its names and reasons are
// what jobs chose: they may be odd, and may hold secrets.
type Report struct {
	// Stored and Bytes are what is in the bucket now: objects, and their bytes there.
	Stored int   `json:"stored"`
	Bytes  int64 `json:"bytes"`
	// Missing should be in the bucket and is not. Names are keys in the run's
	// folder, and whole keys for what is elsewhere.
	Missing Names `json:"missing,omitzero"`
	// LeftOut was not uploaded, and another upload would not change that: pipes,
	// links that lead out, what may not be read, what vanished before its turn, the
	// end of what was cut while it was read, a second file of the same name, names
	// that are too long. Names are paths that begin with the item's own name.
	LeftOut Names `json:"left_out,omitzero"`
}

// maxNamed is how many things Names has by name.
const maxNamed = 20

// Names are things that something is to be said about, of which there may be very many.
type Names struct {
	Count int `json:"count"`
	// First are those that were found first, at most 20.
	First []Name `json:"first"`
}

// Name is a thing, and what is to be said about it.
type Name struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func (n *Names) add(name string, err error) {
	if n.Count++; len(n.First) < maxNamed {
		n.First = append(n.First, Name{name, err.Error()})
	}
}

// reporter makes a report. It is safe for concurrent use.
type reporter struct {
	logger *slog.Logger

	mu     sync.Mutex
	report Report
	// inARow is how many objects are missing since the last that was stored.
	inARow int
}

func (r *reporter) stored(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Stored++
	r.report.Bytes += bytes
	r.inARow = 0
}

func (r *reporter) missing(key string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inARow++
	r.report.Missing.add(key, err)
	tell(r.logger.Error, "Cannot upload", r.report.Missing, "dest", key, err)
}

func (r *reporter) newRow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inARow = 0
}

func (r *reporter) missingInARow() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inARow
}

func (r *reporter) leftOut(path string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.LeftOut.add(path, err)
	tell(r.logger.Warn, "Not uploading", r.report.LeftOut, "path", path, err)
}

// tell logs what was added to names last. There may be very many, so that the log
// has what the report has.
func tell(log func(string, ...any), message string, names Names, key, name string, err error) {
	switch {
	case names.Count <= maxNamed:
		log(message, key, name, "error", err)
	case names.Count == maxNamed+1:
		log(message + ": there are more, which are only counted")
	}
}

// soFar returns a report that does not change any more.
func (r *reporter) soFar() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.report
	report.Missing.First = slices.Clone(report.Missing.First)
	report.LeftOut.First = slices.Clone(report.LeftOut.First)
	return report
}

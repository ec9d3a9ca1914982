// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// maxFound is how many files are named that secrets were found in, or that could
// not be searched.
const maxFound = 100

// found is what is to be said about a file.
type found struct {
	// counts are how often each secret was in it.
	counts map[string]int
	// notes say what was not looked into.
	notes []string
}

// findings are the secrets that were found in an upload. It is safe for
// concurrent use.
type findings struct {
	log   *slog.Logger
	known *censor.Secrets

	mu    sync.Mutex
	files map[string]found
	more  int
}

func newFindings(log *slog.Logger, known *censor.Secrets) *findings {
	return &findings{log: log, known: known, files: map[string]found{}}
}

// add says what was found in a file, instead of what was found there before: a file
// is read more than once when storing it fails.
func (f *findings) add(file string, tally *censor.Tally) {
	now := found{tally.Counts(), tally.Notes()}
	file = f.clean(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	before, known := f.files[file]
	switch {
	case maps.Equal(now.counts, before.counts) && slices.Equal(now.notes, before.notes):
		return
	case len(now.counts)+len(now.notes) == 0:
		delete(f.files, file)
		return
	case !known && len(f.files) == maxFound:
		f.more++
		return
	}
	f.files[file] = now
	if len(now.counts) > 0 {
		f.log.Warn("Found secrets, and uploaded X in their place", "file", file, "secrets", now.counts)
	}
	if len(now.notes) > 0 {
		f.log.Warn("Could not look for secrets everywhere", "file", file, "notes", now.notes)
	}
}

// clean is a name that a job chose, without secrets.
func (f *findings) clean(name string) string { return f.text(name, nil) }

func (f *findings) text(text string, tally *censor.Tally) string {
	return string(f.known.Bytes([]byte(text), tally))
}

// decoded is a value that was read from JSON, without the secrets that show only
// when it is decoded.
func (f *findings) decoded(value any, tally *censor.Tally) any {
	switch value := value.(type) {
	case string:
		return f.text(value, tally)
	case []any:
		for i, element := range value {
			value[i] = f.decoded(element, tally)
		}
	case map[string]any:
		clean := map[string]any{}
		for key, element := range value {
			clean[f.text(key, tally)] = f.decoded(element, tally)
		}
		return clean
	}
	return value
}

// watched is content without secrets; closing it tells what was found there.
type watched struct {
	io.Reader
	close func() error
}

// Close implements io.Closer.
func (w *watched) Close() error { return w.close() }

// stream takes the secrets out of a file.
func (f *findings) stream(file string, content io.ReadCloser) io.ReadCloser {
	tally := &censor.Tally{}
	return &watched{f.known.Reader(content, tally), func() error {
		f.add(file, tally)
		return content.Close()
	}}
}

// unpacked takes the secrets out of a file, and out of what is packed in it.
func (f *findings) unpacked(file string, content io.ReadCloser) (io.ReadCloser, error) {
	tally := &censor.Tally{}
	cleaned, err := f.known.File(content, tally)
	if err != nil {
		return nil, err
	}
	return &watched{cleaned, func() error {
		f.add(file, tally)
		return cleaned.Close()
	}}, nil
}

// report adds to the metadata of a job what was found, and what is not in the
// bucket. What the job itself says under our keys is moved out of the way.
func (f *findings) report(metadata map[string]any, uploaded upload.Report) {
	censored, notSearched := f.lists()
	for key, list := range map[string][]layout.Finding{
		layout.CensoredKey: censored, layout.NotSearchedKey: notSearched, layout.NotUploadedKey: f.lost(uploaded),
	} {
		if theirs, ok := metadata[key]; ok {
			metadata["job-"+key] = theirs
			delete(metadata, key)
		}
		if len(list) > 0 {
			metadata[key] = list
		}
	}
}

// lists are the findings in files, in order.
func (f *findings) lists() (censored, notSearched []layout.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, file := range slices.Sorted(maps.Keys(f.files)) {
		found := f.files[file]
		for _, secret := range slices.Sorted(maps.Keys(found.counts)) {
			censored = append(censored, layout.Finding{File: file, Secret: secret, Count: found.counts[secret]})
		}
		if len(found.notes) > 0 {
			notSearched = append(notSearched, layout.Finding{File: file, Reason: found.notes[0], More: len(found.notes) - 1})
		}
	}
	if f.more > 0 {
		censored = append(censored, layout.Finding{More: f.more})
	}
	return censored, notSearched
}

// lost is what is not in the bucket.
func (f *findings) lost(uploaded upload.Report) []layout.Finding {
	var lost []layout.Finding
	for _, names := range []upload.Names{uploaded.Missing, uploaded.LeftOut} {
		for _, name := range names.First {
			lost = append(lost, layout.Finding{File: f.clean(name.Name), Reason: f.clean(name.Reason)})
		}
	}
	if more := uploaded.Missing.Count + uploaded.LeftOut.Count - len(lost); more > 0 {
		lost = append(lost, layout.Finding{More: more})
	}
	return lost
}

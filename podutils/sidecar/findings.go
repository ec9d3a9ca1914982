// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// Keys of what sidecar has to say in the metadata of finished.json.
const (
	// censoredKey is for secrets that were taken out of files: their names, never
	// their values.
	censoredKey = "censored"
	// notUploadedKey is for files that are not in the bucket, and why.
	notUploadedKey = "not-uploaded"
)

// maxFound is how many files are named that secrets were taken out of.
const maxFound = 100

// finding is one element of the lists in the metadata.
type finding struct {
	File string `json:"file,omitempty"`
	// Secret is the file that the secret is in, and Count how often it was found.
	Secret string `json:"secret,omitempty"`
	Count  int    `json:"count,omitempty"`
	// Reason is why the file was not uploaded.
	Reason string `json:"reason,omitempty"`
	// More, in the last element, is how many files are not named.
	More int `json:"more,omitempty"`
}

// findings are the secrets that were found in an upload. It is safe for
// concurrent use.
type findings struct {
	log   *slog.Logger
	known *censor.Secrets

	mu sync.Mutex
	// counts are how often each secret was found in each file.
	counts map[string]map[string]int
	more   int
}

func newFindings(log *slog.Logger, known *censor.Secrets) *findings {
	return &findings{log: log, known: known, counts: map[string]map[string]int{}}
}

// add says what was found in a file, instead of what was found there before: a file
// is read more than once when storing it fails.
func (f *findings) add(file string, tally *censor.Tally) {
	counts := tally.Counts()
	file = f.clean(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.counts[file]
	switch {
	case maps.Equal(counts, before):
	case len(counts) == 0:
		delete(f.counts, file)
	case before == nil && len(f.counts) == maxFound:
		f.more++
	default:
		f.counts[file] = counts
		f.log.Warn("Found secrets, and uploaded X in their place", "file", file, "secrets", counts)
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
	for _, key := range []string{censoredKey, notUploadedKey} {
		if theirs, ok := metadata[key]; ok {
			metadata["job-"+key] = theirs
			delete(metadata, key)
		}
	}
	if found := f.list(); len(found) > 0 {
		metadata[censoredKey] = found
	}
	var lost []finding
	for _, names := range []upload.Names{uploaded.Missing, uploaded.LeftOut} {
		for _, name := range names.First {
			lost = append(lost, finding{File: f.clean(name.Name), Reason: f.clean(name.Reason)})
		}
	}
	if more := uploaded.Missing.Count + uploaded.LeftOut.Count - len(lost); more > 0 {
		lost = append(lost, finding{More: more})
	}
	if len(lost) > 0 {
		metadata[notUploadedKey] = lost
	}
}

func (f *findings) list() []finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []finding
	for _, file := range slices.Sorted(maps.Keys(f.counts)) {
		for _, secret := range slices.Sorted(maps.Keys(f.counts[file])) {
			found = append(found, finding{File: file, Secret: secret, Count: f.counts[file][secret]})
		}
	}
	if f.more > 0 {
		found = append(found, finding{More: f.more})
	}
	return found
}

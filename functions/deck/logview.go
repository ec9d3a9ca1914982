// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

const (
	// shownLog is how much of a log's end a page shows, in bytes, and wholeLog how much when asked for all.
	shownLog = 256 << 10
	wholeLog = 16 << 20
	// liveLines is how many lines of the log of a pod a page shows.
	liveLines = 2000
	// longestLine is how much of one line is shown, in bytes.
	longestLine = 8 << 10
)

// logView is a log on the page of a run.
type logView struct {
	Name  string
	Lines []logLine
	// Numbered is whether the lines are counted: not when the beginning is missing.
	Numbered bool
	// Note says what is missing, or why there is nothing.
	Note string
	// Raw leads to the whole log as text, and All to this page with all of it.
	Raw, All string
	Open     bool
}

// logLine is a line of a log.
type logLine struct {
	N    int
	Text string
	// Bad is whether it looks like the reason of a failure.
	Bad bool
}

var (
	escapes = regexp.MustCompile("\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")
	badLine = regexp.MustCompile(`timed out|ERROR:|FAIL\b|Failure \[|panic\b|^E\d{4} \d\d:\d\d:\d\d\.\d{3}`)
)

// linesOf makes text into lines to show: without terminal colours, and of
// lines that were written over only what they became.
func linesOf(text string) []logLine {
	var lines []logLine
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		line = escapes.ReplaceAllString(strings.TrimRight(line, "\r"), "")
		if i := strings.LastIndexByte(line, '\r'); i >= 0 {
			line = line[i+1:]
		}
		if len(line) > longestLine {
			line = line[:longestLine] + " …"
		}
		line = strings.ToValidUTF8(line, "\ufffd")
		lines = append(lines, logLine{N: len(lines) + 1, Text: line, Bad: badLine.MatchString(line)})
	}
	return lines
}

// logsOf are the logs to show of a run: those in the bucket or, while it runs, its pod's.
func (s *server) logsOf(r *http.Request, p place, pj *prowv1.ProwJob, found results) []logView {
	var logs []logView
	for _, file := range found.files {
		if name := path.Base(file.Name); name == file.Name && (name == "build-log.txt" || strings.HasSuffix(name, "-build-log.txt")) {
			logs = append(logs, s.storedLog(r, p, file))
		}
	}
	if len(logs) == 0 {
		for _, container := range s.containersOf(r.Context(), pj) {
			logs = append(logs, s.liveLog(r, pj, container))
		}
	}
	logs[0].Open = true
	for _, file := range found.files {
		if file.Name == "clone-log.txt" {
			logs = append(logs, s.storedLog(r, p, file))
		}
	}
	return logs
}

func (s *server) storedLog(r *http.Request, p place, file artifact) logView {
	v := logView{Name: file.Name, Raw: file.Link}
	bucket, err := s.storage.bucket(r.Context(), p)
	if err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	limit := int64(shownLog)
	if r.URL.Query().Get("log") == "whole" {
		limit = wholeLog
	}
	t, err := readTail(r, bucket, p.below(file.Name).key, limit)
	if err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	switch {
	case t.size == 0:
		v.Note = "The log is empty."
		return v
	case t.start > 0:
		v.Note = "The first " + size(t.start) + " of " + size(t.size) + " are left out."
		if limit < wholeLog {
			v.All = r.URL.Path + "?log=whole"
		}
	}
	v.Lines, v.Numbered = linesOf(t.text), t.start == 0
	return v
}

// containersOf are the containers whose logs a run has: "test", unless there are several.
func (s *server) containersOf(ctx context.Context, pj *prowv1.ProwJob) []string {
	one := []string{testContainer}
	if pj == nil || pj.Complete() {
		return one
	}
	whole, err := s.runs.Get(ctx, pj.Name)
	if err != nil || whole.Spec.PodSpec == nil || len(whole.Spec.PodSpec.Containers) < 2 {
		return one
	}
	var names []string
	for _, container := range whole.Spec.PodSpec.Containers {
		names = append(names, container.Name)
	}
	return names
}

// liveLog is the end of the log of a container of a run's pod.
func (s *server) liveLog(r *http.Request, pj *prowv1.ProwJob, container string) logView {
	v := logView{Name: logName(container)}
	if pj == nil {
		v.Note = "There is no log."
		return v
	}
	log, err := s.openPodLog(r.Context(), pj, container, liveLines)
	if err != nil {
		v.Note = "There is no log."
		if !pj.Complete() {
			v.Note = "There is no log yet."
		}
		return v
	}
	defer log.Close()
	text, err := io.ReadAll(io.LimitReader(log, wholeLog))
	if err != nil {
		v.Note = "The log could not be read."
		return v
	}
	query := url.Values{"job": {pj.Spec.Job}, "id": {pj.Status.BuildID}}
	if container != testContainer {
		query.Set("container", container)
	}
	v.Raw = "/log?" + query.Encode()
	if len(text) == 0 {
		v.Note = "The log is empty so far."
		return v
	}
	v.Lines = linesOf(string(text))
	v.Numbered = len(v.Lines) < liveLines
	if !v.Numbered {
		v.Note = "These are the last lines."
	}
	return v
}

// linkTo is a path of ours that leads to a place.
func linkTo(prefix, where string) string {
	return (&url.URL{Path: prefix + strings.TrimPrefix(where, "/")}).EscapedPath()
}

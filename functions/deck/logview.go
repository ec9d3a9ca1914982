// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
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

// logsOf are the logs to show of a run: those in the bucket or, while it runs, its
// pod's. Where the pod cannot be asked, they are what sidecar has stored so far.
func (s *server) logsOf(r *http.Request, p place, pj *prowv1.ProwJob, found results) []logView {
	var logs []logView
	live := slices.Compact(found.live)
	files := s.topFiles(r.Context(), p, found)
	for _, file := range files {
		if file.Name == "build-log.txt" || strings.HasSuffix(file.Name, "-build-log.txt") {
			logs = append(logs, s.storedLog(r, p, file))
			live = slices.DeleteFunc(live, func(name string) bool { return name == file.Name })
		}
	}
	var names []string
	if len(logs) == 0 && (len(live) == 0 || pj != nil && !pj.Complete()) {
		for _, container := range s.containersOf(r.Context(), pj) {
			names = append(names, logName(container))
		}
	}
	for _, name := range live {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		v, ok := s.podLog(r, pj, name)
		if !ok && slices.Contains(live, name) {
			v = s.liveLog(r, p, pj, name)
		}
		logs = append(logs, v)
	}
	logs[0].Open = true
	for _, file := range files {
		if file.Name == "clone-log.txt" {
			logs = append(logs, s.storedLog(r, p, file))
		}
	}
	return logs
}

// topFiles are the files in a run's folder itself. Those of a run with very many
// artifacts are not among the first that were found.
func (s *server) topFiles(ctx context.Context, p place, found results) []artifact {
	var files []artifact
	for _, file := range found.files {
		if path.Base(file.Name) == file.Name {
			files = append(files, file)
		}
	}
	if !found.more {
		return files
	}
	bucket, err := s.storage.bucket(ctx, p)
	if err != nil {
		return files
	}
	var all []artifact
	for object, err := range bucket.List(ctx, p.key+"/", "/") {
		if err != nil {
			return files
		}
		if name := path.Base(object.Key); !object.IsDir {
			all = append(all, artifact{Name: name, Link: linkTo("/file/", p.below(name).path)})
		}
	}
	return all
}

// limitOf is how much of a log's end to show.
func limitOf(r *http.Request) int64 {
	if r.URL.Query().Get("log") == "whole" {
		return wholeLog
	}
	return shownLog
}

func (s *server) storedLog(r *http.Request, p place, file artifact) logView {
	v := logView{Name: file.Name, Raw: file.Link}
	bucket, err := s.storage.bucket(r.Context(), p)
	if err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	t, err := readTail(r, bucket, p.below(file.Name).key, limitOf(r))
	if err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	v.show(r, t)
	return v
}

// show shows the end of a log.
func (v *logView) show(r *http.Request, t tail) {
	switch {
	case t.size == 0:
		v.Note += "The log is empty."
		return
	case t.start > 0:
		v.Note += "The first " + size(t.start) + " of " + size(t.size) + " are left out."
		if limitOf(r) < wholeLog {
			v.All = r.URL.Path + "?log=whole"
		}
	}
	v.Lines, v.Numbered = linesOf(t.text), t.start == 0
}

// liveLog is the end of what is in the bucket of a log that was not stored whole.
func (s *server) liveLog(r *http.Request, p place, pj *prowv1.ProwJob, name string) logView {
	v := logView{Name: name}
	bucket, err := s.storage.bucket(r.Context(), p)
	if err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	log, err := livelog.Open(r.Context(), bucket, p.key, name)
	if err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	start := max(0, log.Size-limitOf(r))
	var text strings.Builder
	if err := log.Copy(r.Context(), &text, start); err != nil {
		v.Note = explain(statusOf(err), err)
		return v
	}
	until := momentOf(log.ModTime, s.now())
	if pj == nil || pj.Complete() {
		v.Note = "The whole log was not stored. This is what it was until "
	} else {
		v.Note = "The pod's log is not available. This is what it was until "
		v.Raw = rawLog(pj, containerOf(name))
	}
	v.Note += until.Full + " (" + until.Ago + "). "
	v.show(r, newTail(text.String(), start, log.Size))
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

// podAnswers is how long a pod may take to give the end of its log. Its node may be lost.
const podAnswers = 10 * time.Second

// podLog is the end of a log as a run's pod has it.
func (s *server) podLog(r *http.Request, pj *prowv1.ProwJob, name string) (v logView, ok bool) {
	v.Name = name
	if pj == nil {
		v.Note = "There is no log."
		return v, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), podAnswers)
	defer cancel()
	log, err := s.openPodLog(ctx, pj, containerOf(name), liveLines)
	if err != nil {
		v.Note = "There is no log."
		if !pj.Complete() {
			v.Note = "There is no log yet."
		}
		return v, false
	}
	defer log.Close()
	text, err := io.ReadAll(io.LimitReader(log, wholeLog))
	if err != nil {
		v.Note = "The log could not be read."
		return v, false
	}
	v.Raw = rawLog(pj, containerOf(name))
	if len(text) == 0 {
		v.Note = "The log is empty so far."
		return v, true
	}
	v.Lines = linesOf(string(text))
	v.Numbered = len(v.Lines) < liveLines
	if !v.Numbered {
		v.Note = "These are the last lines."
	}
	return v, true
}

// rawLog leads to the log of a container as text.
func rawLog(pj *prowv1.ProwJob, container string) string {
	query := url.Values{"job": {pj.Spec.Job}, "id": {pj.Status.BuildID}}
	if container != testContainer {
		query.Set("container", container)
	}
	return "/log?" + query.Encode()
}

// linkTo is a path of ours that leads to a place.
func linkTo(prefix, where string) string {
	return (&url.URL{Path: prefix + strings.TrimPrefix(where, "/")}).EscapedPath()
}

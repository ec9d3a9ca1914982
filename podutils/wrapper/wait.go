// SPDX-License-Identifier: Apache-2.0

package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// pollEvery is how often to look for markers without having been told: not
// every file system tells.
const pollEvery = 10 * time.Second

// Mark is what became of a process.
type Mark struct {
	// Code is the process's exit code, -1 with Err set.
	Code int
	Err  error
}

// WaitForMarkers waits until all the marker files are there, and reads them. It
// fails only when ctx ends.
func WaitForMarkers(ctx context.Context, paths []string) ([]Mark, error) {
	if allExist(paths) { // to watch costs the kernel 10 ms, when it ends
		return readMarks(paths), nil
	}
	events, problems, stop := watch(paths)
	defer func() { go stop() }() // which is nobody's to wait for
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for !allExist(paths) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		case _, open := <-events:
			if !open {
				events = nil // only polling is left
			}
		case _, open := <-problems: // such as too many events at once
			if !open {
				problems = nil
			}
		}
	}
	return readMarks(paths), nil
}

func readMarks(paths []string) []Mark {
	marks := make([]Mark, 0, len(paths))
	for _, path := range paths {
		code, err := ReadMarker(path)
		marks = append(marks, Mark{Code: code, Err: err})
	}
	return marks
}

// allExist also takes a marker for existing that cannot be looked at, for the
// error to come out when it is read.
func allExist(paths []string) bool {
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

// watch tells of every change in the folders of paths; nil events when that
// does not work here. Both channels have to be read: each waits for the other.
func watch(paths []string) (events <-chan fsnotify.Event, problems <-chan error, stop func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, func() {}
	}
	stop = func() { _ = watcher.Close() } // nothing is lost with it
	var dirs []string
	for _, path := range paths {
		dirs = append(dirs, filepath.Dir(path))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := watcher.Add(dir); err != nil {
			stop()
			return nil, nil, func() {}
		}
	}
	return watcher.Events, watcher.Errors, stop
}

// String is for logs.
func (m Mark) String() string {
	if m.Err != nil {
		return m.Err.Error()
	}
	return fmt.Sprintf("exit code %d", m.Code)
}

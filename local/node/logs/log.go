// SPDX-License-Identifier: Apache-2.0

// Package logs keeps what containers print, in the format of Kubernetes'
// container runtimes ("time stream tag text", tag P for a line to be
// continued), within a limit of size, and reads it back, also while it grows.
//
// Starts on: the node's containers. Changes: one or two files a container.
// Config: none. In Prow: nothing; the container runtime does this there.
package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// longestLine is where a line is split in two entries.
const longestLine = 16 << 10

// Log is the log of one container, from one start to its end.
type Log struct {
	path  string
	limit int64
	now   func() time.Time

	mu         sync.Mutex
	file       *os.File
	size       int64
	generation int           // how often the file has been replaced
	changed    chan struct{} // closed at the next change, then replaced
	closed     bool
}

// Create starts a log at path. When it exceeds limit bytes it is moved to
// path.1, replacing what is there, and a new file begun. now stamps entries.
func Create(path string, limit int64, now func() time.Time) (*Log, error) {
	if err := os.Remove(older(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("creating a container's log: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating a container's log: %w", err)
	}
	return &Log{path: path, limit: limit, now: now, file: file, changed: make(chan struct{})}, nil
}

// Finished is the log that was kept at path earlier; it grows no more.
func Finished(path string) *Log {
	return &Log{path: path, closed: true, changed: make(chan struct{})}
}

// Path is where the log is.
func (l *Log) Path() string { return l.path }

// older is where the log's earlier part is.
func older(path string) string { return path + ".1" }

// Stream returns a writer to the log for the output called name: "stdout" or
// "stderr". Closing it writes out an unfinished last line.
func (l *Log) Stream(name string) io.WriteCloser { return &stream{log: l, name: name} }

// Close ends the log; those who follow it are told.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.announce()
	return l.file.Close()
}

// announce wakes those who follow. The caller holds mu.
func (l *Log) announce() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// append writes whole entries.
func (l *Log) append(entries []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fs.ErrClosed
	}
	if l.size > 0 && l.size+int64(len(entries)) > l.limit {
		if err := l.replace(); err != nil {
			return err
		}
	}
	n, err := l.file.Write(entries)
	l.size += int64(n)
	l.announce()
	if err != nil {
		return fmt.Errorf("writing a container's log: %w", err)
	}
	return nil
}

// replace moves the file away and begins a new one. The caller holds mu.
func (l *Log) replace() error {
	if err := os.Rename(l.path, older(l.path)); err != nil {
		return fmt.Errorf("replacing a container's log: %w", err)
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("replacing a container's log: %w", err)
	}
	err = l.file.Close()
	l.file, l.size = file, 0
	l.generation++
	return err
}

// A stream turns one output into entries.
type stream struct {
	log     *Log
	name    string
	pending []byte // a line not yet ended
}

func (s *stream) Write(p []byte) (int, error) {
	s.pending = append(s.pending, p...)
	var entries bytes.Buffer
	stamp := s.log.now().UTC().Format(time.RFC3339Nano)
	rest := s.pending
	for {
		end := bytes.IndexByte(rest, '\n')
		switch {
		case end >= 0 && end <= longestLine:
			fmt.Fprintf(&entries, "%s %s F %s\n", stamp, s.name, rest[:end])
			rest = rest[end+1:]
			continue
		case len(rest) > longestLine:
			fmt.Fprintf(&entries, "%s %s P %s\n", stamp, s.name, rest[:longestLine])
			rest = rest[longestLine:]
			continue
		}
		break
	}
	s.pending = append(s.pending[:0], rest...)
	if entries.Len() == 0 {
		return len(p), nil
	}
	return len(p), s.log.append(entries.Bytes())
}

func (s *stream) Close() error {
	if len(s.pending) == 0 {
		return nil
	}
	stamp := s.log.now().UTC().Format(time.RFC3339Nano)
	entry := fmt.Appendf(nil, "%s %s P %s\n", stamp, s.name, s.pending)
	s.pending = nil
	return s.log.append(entry)
}

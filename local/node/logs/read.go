// SPDX-License-Identifier: Apache-2.0

package logs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Options chooses what to read of a log. The zero value is all there is.
type Options struct {
	// Follow waits for more until the log is closed.
	Follow bool
	// Tail begins that many entries before the end; nil is the beginning.
	Tail *int64
	// Since leaves out what is older.
	Since time.Time
	// Timestamps puts each entry's time before it.
	Timestamps bool
	// Limit ends after so many bytes; nil is no limit.
	Limit *int64
}

// errLimit ends reading when Options.Limit is reached.
var errLimit = errors.New("limit reached")

// Read writes the log's text to w.
func (l *Log) Read(ctx context.Context, opts Options, w io.Writer) error {
	files, generation, err := l.open()
	if err != nil {
		return err
	}
	r := &reader{log: l, opts: opts, w: bufio.NewWriterSize(w, 32<<10), generation: generation}
	defer func() { r.close() }()
	if opts.Limit != nil {
		r.left = *opts.Limit
	}
	err = r.read(ctx, files)
	if err == nil || errors.Is(err, errLimit) {
		return r.w.Flush()
	}
	return err
}

// open opens the log's files, oldest first, as they are at one moment.
func (l *Log) open() ([]*os.File, int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var files []*os.File
	for _, path := range []string{older(l.path), l.path} {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("reading a container's log: %w", err)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, 0, fmt.Errorf("reading a container's log: %w", fs.ErrNotExist)
	}
	return files, l.generation, nil
}

// A reader is one reading of a log.
type reader struct {
	log        *Log
	opts       Options
	w          *bufio.Writer
	left       int64
	generation int

	file *os.File
	in   *bufio.Reader
	part []byte // an entry of which the file holds only the beginning
}

func (r *reader) close() {
	if r.file != nil {
		_ = r.file.Close()
	}
}

func (r *reader) use(f *os.File) {
	r.close()
	r.file, r.in, r.part = f, bufio.NewReaderSize(f, 64<<10), nil
}

// read writes what files hold, then, if asked, what comes.
func (r *reader) read(ctx context.Context, files []*os.File) error {
	var last []entry
	for _, f := range files {
		r.use(f)
		for {
			e, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			switch {
			case r.opts.Tail == nil:
				err = r.print(e)
			case *r.opts.Tail > 0:
				last = append(last, e)
				if int64(len(last)) > 2**r.opts.Tail {
					last = append(last[:0:0], last[int64(len(last))-*r.opts.Tail:]...)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	if r.opts.Tail != nil && int64(len(last)) > *r.opts.Tail {
		last = last[int64(len(last))-*r.opts.Tail:]
	}
	for _, e := range last {
		if err := r.print(e); err != nil {
			return err
		}
	}
	if !r.opts.Follow {
		return nil
	}
	return r.follow(ctx)
}

// follow writes entries as they come.
func (r *reader) follow(ctx context.Context) error {
	for {
		// What is there to know is asked before the file is read to its end,
		// so that nothing written in between is missed.
		r.log.mu.Lock()
		changed, closed, generation := r.log.changed, r.log.closed, r.log.generation
		r.log.mu.Unlock()
		for {
			e, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = r.print(e)
			}
			if err != nil {
				return err
			}
		}
		if generation != r.generation {
			f, err := os.Open(r.log.path)
			if err != nil {
				return fmt.Errorf("reading a container's log: %w", err)
			}
			r.use(f)
			r.generation = generation
			continue
		}
		if closed {
			return nil
		}
		if err := r.w.Flush(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// An entry is one line of the file.
type entry struct {
	time string
	text []byte // with its newline, unless the line is continued
}

// next reads one entry, or returns io.EOF while there is no whole one.
func (r *reader) next() (entry, error) {
	for {
		line, err := r.in.ReadBytes('\n')
		r.part = append(r.part, line...)
		if err != nil {
			return entry{}, err
		}
		line, r.part = r.part, nil
		stamp, rest, ok := bytes.Cut(line, []byte(" "))
		_, rest, ok2 := bytes.Cut(rest, []byte(" "))
		tag, text, ok3 := bytes.Cut(rest, []byte(" "))
		if !ok || !ok2 || !ok3 {
			continue // torn by a crash
		}
		if string(tag) == "P" {
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		return entry{time: string(stamp), text: text}, nil
	}
}

// print writes e, if it is asked for.
func (r *reader) print(e entry) error {
	if !r.opts.Since.IsZero() {
		if at, err := time.Parse(time.RFC3339Nano, e.time); err == nil && at.Before(r.opts.Since) {
			return nil
		}
	}
	text := e.text
	if r.opts.Timestamps {
		text = append([]byte(e.time+" "), text...)
	}
	if r.opts.Limit == nil {
		_, err := r.w.Write(text)
		return err
	}
	text = text[:min(int64(len(text)), r.left)]
	r.left -= int64(len(text))
	if _, err := r.w.Write(text); err != nil {
		return err
	}
	if r.left <= 0 {
		return errLimit
	}
	return nil
}

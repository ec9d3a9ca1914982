// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/command"
)

// output takes what the job and entrypoint itself write. It all goes into the
// process log at once, and from there to stdout, as fast as that takes it: so
// who reads stdout slowly or not at all costs no memory, and does not hold up the
// job. Neither does a log or a stdout that fails: writing to output never fails.
type output struct {
	stdout io.Writer
	// done is closed when stdout has got all it will get.
	done chan struct{}

	mu      sync.Mutex
	changed sync.Cond // of pieces and closed
	closed  bool
	deaf    bool // stdout failed

	log     *os.File // nil until open
	seeks   bool     // log is a regular file, and can be read again
	size    int64    // of log, in bytes
	logErr  error    // the first failure to write to log
	missing int64    // how many bytes log lacks since it was last written to

	pieces []piece // what stdout has yet to get, in this order
	held   int     // how many bytes of text the pieces have
}

// piece is a part of the output: text, or else length bytes of the log from
// offset on, or else just how many bytes were dropped.
type piece struct {
	text           []byte
	offset, length int64
	dropped        int64
}

// maxHeld bounds, in bytes, what is kept in memory for stdout: what could not be
// written to the log.
const maxHeld = 1 << 20

func newOutput(stdout io.Writer) *output {
	o := &output{stdout: stdout, done: make(chan struct{})}
	o.changed.L = &o.mu
	go o.feed()
	return o
}

// open creates the log, empty.
func (o *output) open(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log, o.seeks = file, info.Mode().IsRegular()
	return nil
}

// Write implements io.Writer, for both the log and stdout.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	known := o.logErr != nil
	if o.missing > 0 {
		o.tellGap()
	}
	n := o.record(p)
	o.missing += int64(len(p) - n)
	if o.log != nil && !o.seeks {
		n = 0 // it cannot be read again
	}
	if n > 0 {
		o.add(piece{offset: o.size - int64(n), length: int64(n)})
	}
	if o.logErr != nil && !known {
		o.hold(line("Could not write the process log; output goes on to stdout alone", o.logErr))
	}
	o.hold(p[n:])
	return len(p), nil
}

// writeLog writes to the log alone.
func (o *output) writeLog(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.record([]byte(text))
}

// writeStdout writes to stdout alone.
func (o *output) writeStdout(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hold(p)
	return len(p), nil
}

// writerFunc is a function that is an io.Writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// record writes to the log, and returns how many bytes.
func (o *output) record(p []byte) int {
	if o.log == nil {
		return 0
	}
	n, err := o.log.Write(p)
	o.size += int64(n)
	if err != nil && o.logErr == nil {
		o.logErr = err
	}
	return n
}

// tellGap tells readers of the log that some of it is missing, if it can be
// written to again.
func (o *output) tellGap() {
	note := line(fmt.Sprintf("The process log lacks %d bytes of output here", o.missing), o.logErr)
	if o.record(note) == len(note) {
		o.missing = 0
	}
}

// line is a line of entrypoint's own log.
func line(message string, err error) []byte {
	var b bytes.Buffer
	logger := command.Logger("entrypoint", &b, slog.LevelInfo)
	if err != nil {
		logger = logger.With("error", err)
	}
	logger.Error(message)
	return b.Bytes()
}

// hold keeps text for stdout, as far as there is room.
func (o *output) hold(p []byte) {
	if len(p) == 0 || o.deaf {
		return
	}
	if o.held+len(p) > maxHeld {
		o.add(piece{dropped: int64(len(p))})
		return
	}
	o.held += len(p)
	o.add(piece{text: bytes.Clone(p)})
}

// add adds to the pieces, and joins what belongs together.
func (o *output) add(p piece) {
	if o.deaf {
		return
	}
	defer o.changed.Signal()
	if len(o.pieces) > 0 {
		last := &o.pieces[len(o.pieces)-1]
		switch {
		case p.dropped > 0 && last.dropped > 0:
			last.dropped += p.dropped
			return
		case p.length > 0 && last.offset+last.length == p.offset && last.length > 0:
			last.length += p.length
			return
		}
	}
	o.pieces = append(o.pieces, p)
}

// feed writes the pieces to stdout.
func (o *output) feed() {
	defer close(o.done)
	buffer := make([]byte, 64<<10)
	for {
		next, ok := o.next(int64(len(buffer)))
		if !ok {
			return
		}
		text := next.text
		if next.length > 0 { // less is left of it where the job cut the log short
			n, _ := o.log.ReadAt(buffer[:next.length], next.offset) // there is nobody to tell
			text = buffer[:n]
		} else if next.dropped > 0 {
			text = line(fmt.Sprintf("Stdout lacks %d bytes of output here", next.dropped), nil)
		}
		if _, err := o.stdout.Write(text); err != nil {
			o.giveUp(err)
			return
		}
	}
}

// next waits for a piece, and takes at most limit bytes of it.
func (o *output) next(limit int64) (next piece, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.pieces) == 0 {
		if o.closed {
			return piece{}, false
		}
		o.changed.Wait()
	}
	first := &o.pieces[0]
	if first.length > limit {
		next = piece{offset: first.offset, length: limit}
		first.offset += limit
		first.length -= limit
		return next, true
	}
	next = *first
	o.held -= len(next.text)
	o.pieces = o.pieces[1:]
	return next, true
}

// giveUp does without stdout from now on.
func (o *output) giveUp(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deaf, o.pieces = true, nil
	o.record(line("Could not write to stdout", err))
}

// close waits until stdout has got everything, but no longer than limit.
func (o *output) close(limit time.Duration) {
	o.mu.Lock()
	if o.missing > 0 {
		o.tellGap()
	}
	o.closed = true
	o.changed.Signal()
	o.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
	}
}

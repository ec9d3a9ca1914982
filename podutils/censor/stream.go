// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"io"
	"slices"
)

const (
	// chunk is how much is read at once, in bytes.
	chunk = 64 << 10
	// firstChunk is the same at the start: most files are small.
	firstChunk = 4 << 10
)

// Stream takes secrets out of bytes that come bit by bit. Only what may be the
// start of a secret is held back: never more than some KiB.
type Stream struct {
	// held is what was returned last and, after that, what is held back.
	held []byte
	// returned is how much of held was returned.
	returned int
	// covered is how much of held the cover is through with. What of it is not
	// returned may be in the block of a private key.
	covered int
	cover   cover
	// keys is nil when they are not looked for.
	keys *keyBlocks
	// chunk is how much is read next.
	chunk int
}

// Stream returns a new stream.
func (s *Secrets) Stream(tally *Tally) *Stream {
	t := &Stream{cover: cover{secrets: s, tally: tally, secretTo: -1}, chunk: firstChunk}
	if s.material != nil {
		t.keys = &keyBlocks{tally: tally, material: s.material}
	}
	return t
}

// Add takes the next bytes and returns those, of these and earlier ones, that
// are known to be clean. They are valid until the next call.
func (t *Stream) Add(p []byte) []byte {
	t.forget()
	t.held = append(t.held, p...)
	return t.clean(false)
}

// Rest returns what was held back, since nothing comes after it.
func (t *Stream) Rest() []byte {
	t.forget()
	return t.clean(true)
}

// forget makes room for more by leaving what was returned.
func (t *Stream) forget() {
	t.held = t.held[:copy(t.held, t.held[t.returned:])]
	t.covered -= t.returned
	t.returned = 0
}

// clean returns what is clean; all, when nothing comes after it.
func (t *Stream) clean(final bool) []byte {
	t.covered += t.cover.next(t.held[t.covered:], final)
	t.returned = t.covered
	if t.keys != nil {
		t.returned = t.keys.next(t.held[:t.covered], final)
	}
	return t.held[:t.returned]
}

// read is Add of what can be read at once. On an error, which io.EOF is one of, it
// also returns the rest.
func (t *Stream) read(from io.Reader) ([]byte, error) {
	t.forget()
	t.held = slices.Grow(t.held, t.chunk)
	n, err := from.Read(t.held[len(t.held) : len(t.held)+t.chunk])
	t.chunk = min(4*t.chunk, chunk)
	t.held = t.held[:len(t.held)+n]
	return t.clean(err != nil), err
}

// Reader returns content without the secrets, of the same length.
func (s *Secrets) Reader(content io.Reader, tally *Tally) io.Reader {
	if s.Empty() {
		return content
	}
	return &reader{stream: s.Stream(tally), from: content}
}

// reader is a stream from a reader.
type reader struct {
	stream *Stream
	from   io.Reader
	// clean is what may be read.
	clean []byte
	err   error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.clean) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.clean, r.err = r.stream.read(r.from)
	}
	n := copy(p, r.clean)
	r.clean = r.clean[n:]
	return n, nil
}

// WriteTo implements io.WriterTo, which saves copying.
func (r *reader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if len(r.clean) > 0 {
			n, err := w.Write(r.clean)
			written += int64(n)
			r.clean = r.clean[n:]
			if err != nil {
				return written, err
			}
		}
		if r.err == io.EOF {
			return written, nil
		}
		if r.err != nil {
			return written, r.err
		}
		r.clean, r.err = r.stream.read(r.from)
	}
}

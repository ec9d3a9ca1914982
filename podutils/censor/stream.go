// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
)

// chunk is how much is read at once.
const chunk = 64 << 10

// Stream takes secrets out of bytes that come bit by bit. Only what may be the
// start of a secret is held back.
type Stream struct {
	secrets *Secrets
	tally   *Tally
	// held is what is held back, after what was returned last.
	held []byte
	// returned is how much at the start of held was returned.
	returned int
	// covered is how much of what comes next belongs to a secret before it.
	covered int
}

// Stream returns a new stream.
func (s *Secrets) Stream(tally *Tally) *Stream { return &Stream{secrets: s, tally: tally} }

// Add takes the next bytes and returns those, of these and earlier ones, that
// are known to be clean. They are valid until the next call.
func (t *Stream) Add(p []byte) []byte {
	t.held = append(t.held[:0], t.held[t.returned:]...)
	t.held = append(t.held, p...)
	end := max(0, len(t.held)-t.secrets.longest+1)
	for end < len(t.held) && !t.secrets.begins(t.held[end:]) {
		end++
	}
	return t.clean(end)
}

// Rest returns what was held back, since nothing comes after it.
func (t *Stream) Rest() []byte {
	t.held = append(t.held[:0], t.held[t.returned:]...)
	return t.clean(len(t.held))
}

func (t *Stream) clean(end int) []byte {
	t.covered = t.secrets.cover(t.held, end, t.covered, t.tally)
	t.returned = end
	return t.held[:end]
}

// Reader returns content without the secrets, of the same length.
func (s *Secrets) Reader(content io.Reader, tally *Tally) io.Reader {
	if s.Empty() {
		return content
	}
	return &reader{stream: s.Stream(tally), from: content, buffer: make([]byte, chunk)}
}

// reader is a stream from a reader.
type reader struct {
	stream *Stream
	from   io.Reader
	buffer []byte
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
		var n int
		n, r.err = r.from.Read(r.buffer)
		r.clean = r.stream.Add(r.buffer[:n])
		if r.err != nil {
			r.clean = append(slices.Clone(r.clean), r.stream.Rest()...)
		}
	}
	n := copy(p, r.clean)
	r.clean = r.clean[n:]
	return n, nil
}

// File returns the content of a file without the secrets. It looks into what is
// compressed with gzip, and into tar archives in there.
func (s *Secrets) File(content io.ReadCloser, tally *Tally) (io.ReadCloser, error) {
	if s.Empty() {
		return content, nil
	}
	buffered := bufio.NewReader(content)
	if magic, err := buffered.Peek(2); err != nil || !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return &closer{s.Reader(buffered, tally), content.Close}, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot look for secrets in it: %w", err), content.Close())
	}
	from, to := io.Pipe()
	go func() { to.CloseWithError(s.rezip(to, unzipped, tally)) }()
	return &closer{from, func() error { return errors.Join(from.Close(), content.Close()) }}, nil
}

type closer struct {
	io.Reader
	close func() error
}

// Close implements io.Closer.
func (c *closer) Close() error { return c.close() }

func (s *Secrets) rezip(to io.Writer, content io.Reader, tally *Tally) error {
	zipped := gzip.NewWriter(to)
	buffered := bufio.NewReaderSize(content, tarBlock)
	copyContent := s.copyPlain
	if isTar(buffered) {
		copyContent = s.copyTar
	}
	if err := copyContent(zipped, buffered, tally); err != nil {
		return fmt.Errorf("cannot look for secrets in it: %w", err)
	}
	return zipped.Close()
}

// tarBlock is the size of the first header, which has a mark at its end.
const tarBlock = 512

func isTar(content *bufio.Reader) bool {
	header, err := content.Peek(tarBlock)
	return err == nil && bytes.Equal(header[257:262], []byte("ustar"))
}

func (s *Secrets) copyPlain(to io.Writer, from io.Reader, tally *Tally) error {
	_, err := io.Copy(to, s.Reader(from, tally))
	return err
}

func (s *Secrets) copyTar(to io.Writer, from io.Reader, tally *Tally) error {
	in, out := tar.NewReader(from), tar.NewWriter(to)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out.Close()
		}
		if err != nil {
			return err
		}
		header.Format = tar.FormatUnknown // what it can be written in, not what it was read from
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(out, s.Reader(in, tally)); err != nil {
			return err
		}
	}
}

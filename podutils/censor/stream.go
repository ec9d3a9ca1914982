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
)

// chunk is how much is read at once.
const chunk = 64 << 10

// Reader returns content without the secrets, of the same length.
func (s *Secrets) Reader(content io.Reader) io.Reader {
	if s.Empty() {
		return content
	}
	return &reader{secrets: s, from: content, buffer: make([]byte, 0, chunk+s.longest)}
}

// reader covers secrets in its buffer, whose end it holds back until it knows
// that no secret begins there.
type reader struct {
	secrets *Secrets
	from    io.Reader
	buffer  []byte
	// done is how much of the buffer was read, and clean how much may be.
	done, clean int
	// covered is how much after clean belongs to a secret before it.
	covered int
	err     error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for r.done == r.clean {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.buffer[r.done:r.clean])
	r.done += n
	return n, nil
}

func (r *reader) fill() {
	rest := copy(r.buffer, r.buffer[r.done:])
	r.done = 0
	free := r.buffer[rest:cap(r.buffer)]
	n, err := r.from.Read(free)
	r.buffer, r.err = r.buffer[:rest+n], err
	r.clean = max(0, len(r.buffer)-r.secrets.longest+1)
	if err != nil {
		r.clean = len(r.buffer)
	}
	r.covered = r.secrets.cover(r.buffer, r.clean, r.covered)
}

// File returns the content of a file without the secrets. It looks into what is
// compressed with gzip, and into tar archives in there.
func (s *Secrets) File(content io.ReadCloser) (io.ReadCloser, error) {
	if s.Empty() {
		return content, nil
	}
	buffered := bufio.NewReader(content)
	if magic, err := buffered.Peek(2); err != nil || !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return &closer{s.Reader(buffered), content.Close}, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot look for secrets in it: %w", err), content.Close())
	}
	from, to := io.Pipe()
	go func() { to.CloseWithError(s.rezip(to, unzipped)) }()
	return &closer{from, func() error { return errors.Join(from.Close(), content.Close()) }}, nil
}

type closer struct {
	io.Reader
	close func() error
}

// Close implements io.Closer.
func (c *closer) Close() error { return c.close() }

func (s *Secrets) rezip(to io.Writer, content io.Reader) error {
	zipped := gzip.NewWriter(to)
	buffered := bufio.NewReaderSize(content, tarBlock)
	copyContent := s.copyPlain
	if isTar(buffered) {
		copyContent = s.copyTar
	}
	if err := copyContent(zipped, buffered); err != nil {
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

func (s *Secrets) copyPlain(to io.Writer, from io.Reader) error {
	_, err := io.Copy(to, s.Reader(from))
	return err
}

func (s *Secrets) copyTar(to io.Writer, from io.Reader) error {
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
		if _, err := io.Copy(out, s.Reader(in)); err != nil {
			return err
		}
	}
}

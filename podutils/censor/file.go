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

// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// spool holds what must be there as a whole: in memory, and in a temporary file
// when it is large.
type spool struct {
	memory []byte
	file   *os.File
	size   int64
}

const (
	// inMemory is how much is held without a file, in bytes.
	inMemory = 1 << 20
	// largestSpool is how much is held at all.
	largestSpool = 1 << 30
)

var errSpool = errors.New("too large for a temporary file")

// newSpool holds what it reads. When that is too large, or there is no room, the rest
// is to be read after it; otherwise there is none.
func newSpool(from io.Reader) (s *spool, rest io.Reader, err error) {
	s = &spool{}
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if written, full := s.Write(buffer[:n]); full != nil {
			return s, io.MultiReader(bytes.NewReader(buffer[written:n]), then(from, err)), nil
		}
		if err == io.EOF {
			return s, nil, nil
		}
		if err != nil {
			return s, nil, err
		}
	}
}

// then is a reader after it returned err.
func then(from io.Reader, err error) io.Reader {
	if err == nil {
		return from
	}
	return failed{err}
}

type failed struct{ err error }

// Read implements io.Reader.
func (f failed) Read([]byte) (int, error) { return 0, f.err }

// Write implements io.Writer.
func (s *spool) Write(p []byte) (n int, err error) {
	switch {
	case s.size+int64(len(p)) > largestSpool:
		return 0, errSpool
	case s.file == nil && len(s.memory)+len(p) <= inMemory:
		s.memory = append(s.memory, p...)
		n = len(p)
	case s.file == nil:
		if s.file, err = os.CreateTemp("", "censor-*"); err != nil {
			return 0, err
		}
		if err = os.Remove(s.file.Name()); err != nil { // it goes with its descriptor
			return 0, err
		}
		fallthrough
	default:
		n, err = s.file.WriteAt(p, s.size-int64(len(s.memory)))
	}
	s.size += int64(n)
	return n, err
}

// section is all that is held.
func (s *spool) section() *io.SectionReader {
	return io.NewSectionReader(source{ReaderAt: s}, 0, s.size)
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < int64(len(s.memory)) {
		n = copy(p, s.memory[offset:])
	}
	if n < len(p) && s.file != nil {
		var more int
		more, err = s.file.ReadAt(p[n:], offset+int64(n)-int64(len(s.memory)))
		return n + more, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // it is gone then, whatever that says
	}
}

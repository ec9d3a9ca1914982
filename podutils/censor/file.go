// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
)

// File returns the content of a file without the secrets. It looks into gzip, tar
// and zip, and into what is packed in there. Content that can be read at any place,
// as that of an os.File, is looked through first, and comes out as it is if nothing
// is found; so most archives keep their checksums. The tally is complete when all
// was read.
func (s *Secrets) File(content io.ReadCloser, tally *Tally) (io.ReadCloser, error) {
	return s.file(content, tally, largestUnpacked)
}

func (s *Secrets) file(content io.ReadCloser, tally *Tally, most int64) (io.ReadCloser, error) {
	if s.Empty() {
		return content, nil
	}
	if tally == nil {
		tally = &Tally{}
	}
	p := packed{secrets: s, tally: tally, budget: &budget{most}}
	section, ok := sectionOf(content)
	if !ok {
		return p.anew(content, source{Reader: content}), nil
	}
	if clean, err := p.unchanged(content, section); clean != nil || err != nil {
		return clean, err
	}
	p.budget = &budget{most}
	return p.anew(content, again(section)), nil
}

// unchanged returns the content, as it is in the file, when it is plain or there is
// nothing to take out of it; nil otherwise.
func (p packed) unchanged(content io.ReadCloser, section *io.SectionReader) (io.ReadCloser, error) {
	failed := func(err error) (io.ReadCloser, error) {
		return nil, errors.Join(fmt.Errorf("looking for secrets: %w", err), content.Close())
	}
	kind, err := kindAt(section)
	if err != nil {
		return failed(err)
	}
	if !kind.known() {
		p.noteKind(kind)
		return &closer{p.secrets.Reader(content, p.tally), content.Close}, nil
	}
	same := &unchanging{from: again(section)}
	if _, err := io.Copy(&same.hash, section); err != nil {
		return failed(err)
	}
	same.want = same.hash.Sum64()
	same.hash.Reset()
	looked := p.look()
	if err := looked.content(io.Discard, again(section)); err != nil {
		return failed(err)
	}
	if looked.tally.changes() {
		return nil, nil
	}
	p.tally.addAll(looked.tally)
	return &closer{same, content.Close}, nil
}

// anew returns the content written anew.
func (p packed) anew(content io.Closer, from io.Reader) io.ReadCloser {
	reader, to := io.Pipe()
	go func() {
		err := p.content(to, from)
		if err != nil {
			err = fmt.Errorf("taking out secrets: %w", err)
		}
		to.CloseWithError(err)
	}()
	return &closer{reader, func() error { return errors.Join(reader.Close(), content.Close()) }}
}

type closer struct {
	io.Reader
	close func() error
}

// Close implements io.Closer.
func (c *closer) Close() error { return c.close() }

// sectionOf is all content that can be read at any place.
func sectionOf(content io.Reader) (*io.SectionReader, bool) {
	at, ok := content.(io.ReaderAt)
	if !ok {
		return nil, false
	}
	var size int64
	switch content := content.(type) {
	case interface{ Size() int64 }:
		size = content.Size()
	case interface{ Stat() (fs.FileInfo, error) }:
		info, err := content.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return nil, false
		}
		size = info.Size()
	default:
		return nil, false
	}
	return io.NewSectionReader(source{ReaderAt: at}, 0, size), true
}

// again returns the section at its start.
func again(section *io.SectionReader) *io.SectionReader {
	return io.NewSectionReader(section, 0, section.Size())
}

// source tells errors of reading a file from those of reading what is packed in it.
type source struct {
	io.Reader
	io.ReaderAt
}

type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// Read implements io.Reader.
func (s source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	return n, ofSource(err)
}

// ReadAt implements io.ReaderAt.
func (s source) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, offset)
	return n, ofSource(err)
}

func ofSource(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return sourceError{err}
}

func isOfSource(err error) bool {
	_, ok := errors.AsType[sourceError](err)
	return ok
}

// errChanged is of a file that a job wrote to after it was looked through.
var errChanged = errors.New("the file changed while it was read")

// unchanging fails at its end when what it read is not what was looked through.
type unchanging struct {
	from io.Reader
	hash maphash.Hash
	want uint64
}

// Read implements io.Reader.
func (u *unchanging) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	_, _ = u.hash.Write(p[:n]) // never fails
	if err == io.EOF && u.hash.Sum64() != u.want {
		return n, errChanged
	}
	return n, err
}

// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bufio"
	"bytes"
	"io"
)

// tar copies block by block, since what is taken out keeps its length: only what is
// packed in the archive may change its size. So nothing else of the archive is lost,
// whoever wrote it.
func (p packed) tar(to io.Writer, from io.Reader) error {
	p.depth++
	t := &tarCopy{packed: p, to: to, from: from, header: make(tarHeader, tarBlock)}
	for {
		n, err := io.ReadFull(from, t.header)
		switch {
		case err == io.EOF:
			return nil
		case err != nil && err != io.ErrUnexpectedEOF:
			return err
		case n < tarBlock || !t.header.isZero() && !t.header.isValid():
			return p.plain(to, io.MultiReader(bytes.NewReader(t.header[:n]), from))
		}
		if err := t.next(); err != nil {
			return err
		}
	}
}

// tarCopy is an archive on its way.
type tarCopy struct {
	packed
	to     io.Writer
	from   io.Reader
	header tarHeader
	// meta is what was said, before its header, of the next file.
	meta tarMeta
}

// next copies what the header is of.
func (t *tarCopy) next() error {
	if t.header.isZero() { // an end, after which there may be more
		return t.write()
	}
	size, err := t.header.size()
	if err != nil {
		return t.plain(t.to, io.MultiReader(bytes.NewReader(t.header), t.from))
	}
	name := t.header.name()
	t.header.censor(t.censored)
	switch t.header[tarType] {
	case 'x', 'L':
		if size <= largestMeta {
			return t.describe(size)
		}
		return t.asItIs(size)
	case '1', '2', '3', '4', '5', '6': // links, devices and folders
		t.meta = tarMeta{}
		return t.write()
	case 0, '0', '7':
		return t.file(name, size)
	case 'S':
		return t.sparse(size)
	}
	return t.asItIs(size)
}

func (t *tarCopy) write() error {
	_, err := t.to.Write(t.header)
	return err
}

// describe copies and keeps what is said of the next file.
func (t *tarCopy) describe(size int64) error {
	data, err := io.ReadAll(io.LimitReader(t.from, size))
	if err != nil {
		return err
	}
	if t.header[tarType] == 'L' {
		t.meta.name = string(bytes.TrimRight(data, "\x00"))
	} else {
		t.meta.read(data)
	}
	if err := t.write(); err != nil {
		return err
	}
	if err := t.plain(t.to, bytes.NewReader(data)); err != nil {
		return err
	}
	return t.pad(size)
}

// asItIs copies what is not packed.
func (t *tarCopy) asItIs(size int64) error {
	if err := t.write(); err != nil {
		return err
	}
	if err := t.plain(t.to, io.LimitReader(t.from, size)); err != nil {
		return err
	}
	return t.pad(size)
}

// sparse copies a file without its holes.
func (t *tarCopy) sparse(size int64) error {
	t.meta = tarMeta{}
	for more := t.header[tarExtended]; more != 0; more = t.header[tarExtendedMore] {
		if err := t.write(); err != nil {
			return err
		}
		if _, err := io.ReadFull(t.from, t.header); err != nil {
			return ignoreEnd(err)
		}
	}
	return t.asItIs(size)
}

func (t *tarCopy) file(name string, size int64) error {
	meta := t.meta
	t.meta = tarMeta{}
	if meta.name != "" {
		name = meta.name
	}
	if meta.sized {
		size = meta.size
	}
	data := bufio.NewReaderSize(io.LimitReader(t.from, size), startSize)
	start, err := data.Peek(startSize)
	if err != nil && err != io.EOF {
		return err
	}
	inner, kind := t.in(name), kindOf(start)
	if kind.known() && meta.sized {
		inner.note("not looked into: too large")
	}
	if !kind.known() || meta.sized || meta.sparse {
		inner.noteKind(kind)
		if err := t.write(); err != nil {
			return err
		}
		if err := inner.plain(t.to, data); err != nil {
			return err
		}
		return t.pad(size)
	}
	written := size
	err = inner.member(data, func(size int64) (io.Writer, error) {
		if size >= 0 && size != written {
			written = size
			t.header.setSize(size)
		}
		return t.to, t.write()
	})
	if err != nil {
		return err
	}
	if written == size {
		return t.pad(size)
	}
	if _, err := io.CopyN(io.Discard, t.from, padding(size)); err != nil {
		return ignoreEnd(err)
	}
	_, err = t.to.Write(make([]byte, padding(written)))
	return err
}

// pad copies what fills the last block.
func (t *tarCopy) pad(size int64) error {
	_, err := io.CopyN(t.to, t.from, padding(size))
	return ignoreEnd(err)
}

func padding(size int64) int64 { return -size & (tarBlock - 1) }

// ignoreEnd leaves it to the next read to find the end.
func ignoreEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

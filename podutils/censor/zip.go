// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// zip looks into the entries that the archive's directory has. What it finds
// nothing in it copies as it is.
func (p packed) zip(to io.Writer, from *io.SectionReader) error {
	in, err := openZip(from)
	if err != nil {
		if isOfSource(err) {
			return err
		}
		p.note("not looked into: %v", err)
		return p.plain(to, io.NewSectionReader(from, 0, from.Size()))
	}
	p.depth++
	out := zip.NewWriter(to)
	for _, file := range in.File {
		if err := p.in(file.Name).zipEntry(out, file); err != nil {
			return err
		}
	}
	if err := out.SetComment(p.censored(in.Comment)); err != nil {
		return err
	}
	if p.looking {
		return nil
	}
	return out.Close()
}

// zipEntry copies an entry, or writes it anew if there is something to take out.
func (p packed) zipEntry(out *zip.Writer, file *zip.File) error {
	header := file.FileHeader
	header.Name, header.Comment = p.censored(file.Name), p.censored(file.Comment)
	header.Extra = withoutSizes([]byte(p.censored(string(file.Extra))))
	header.Modified = time.Time{} // as it was, and without another field in Extra
	if problem := unreadable(file); problem != "" {
		p.note("not looked into: %s", problem)
		return p.copyEntry(out, &header, file)
	}
	looked := p
	if !p.looking {
		looked = p.look()
	}
	if err := looked.unzip(io.Discard, file); err != nil || p.looking {
		return err
	}
	if !looked.tally.changes() {
		p.tally.addAll(looked.tally)
		return p.copyEntry(out, &header, file)
	}
	to, err := out.CreateHeader(&header)
	if err != nil {
		return err
	}
	return p.unzip(to, file)
}

// unzip looks into an entry, as far as it can be read.
func (p packed) unzip(to io.Writer, file *zip.File) error {
	from, err := file.Open()
	if err != nil {
		if isOfSource(err) {
			return err
		}
		p.damaged(err)
		return nil
	}
	defer from.Close()
	content := &salvage{from: from, budget: p.budget}
	err = p.content(to, content)
	if content.err != nil {
		p.damaged(content.err)
	}
	return err
}

// copyEntry copies an entry as it is, but for its header.
func (p packed) copyEntry(out *zip.Writer, header *zip.FileHeader, file *zip.File) error {
	if p.looking {
		return nil
	}
	from, err := file.OpenRaw()
	if err != nil {
		if isOfSource(err) {
			return err
		}
		p.damaged(err)
		return nil
	}
	to, err := out.CreateRaw(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}

// unreadable says why we cannot look into an entry; nothing if we can.
func unreadable(file *zip.File) string {
	switch {
	case file.Flags&1 != 0:
		return "encrypted"
	case file.Method != zip.Store && file.Method != zip.Deflate:
		return fmt.Sprintf("packed with method %d", file.Method)
	}
	return ""
}

// withoutSizes leaves out the field that has large sizes, which is written anew if
// there are such.
func withoutSizes(extra []byte) []byte {
	var kept []byte
	for len(extra) >= 4 {
		n := min(len(extra), 4+int(binary.LittleEndian.Uint16(extra[2:])))
		if binary.LittleEndian.Uint16(extra) != 1 {
			kept = append(kept, extra[:n]...)
		}
		extra = extra[n:]
	}
	return append(kept, extra...)
}

// largestDirectory is how much of a zip's directory may be held in memory, in bytes.
const largestDirectory = 16 << 20

// openZip reads the directory, if it is not too large.
func openZip(from *io.SectionReader) (*zip.Reader, error) {
	// The directory ends with a record that says where it begins.
	end := make([]byte, min(from.Size(), 1<<16+22))
	at := from.Size() - int64(len(end))
	if _, err := from.ReadAt(end, at); err != nil && err != io.EOF {
		return nil, err
	}
	record := bytes.LastIndex(end, []byte("PK\x05\x06"))
	if record < 0 || len(end)-record < 22 {
		return nil, zip.ErrFormat
	}
	size := int64(binary.LittleEndian.Uint32(end[record+12:]))
	begin := int64(binary.LittleEndian.Uint32(end[record+16:]))
	if begin == 1<<32-1 {
		return nil, errors.New("larger than 4 GiB")
	}
	if max(size, at+int64(record)-begin) > largestDirectory {
		return nil, errors.New("too many entries")
	}
	return zip.NewReader(from, from.Size())
}

// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// kind is how a file is packed.
type kind string

const (
	plain   kind = ""
	gzipped kind = "gzip"
	tarred  kind = "tar"
	zipped  kind = "zip"
)

// known tells that we can look into it.
func (k kind) known() bool { return k == gzipped || k == tarred || k == zipped }

// kindOf tells the kind of what begins with start.
func kindOf(start []byte) kind {
	if begins(start, "\x1f\x8b\x08") == yes {
		return gzipKind(start)
	}
	if len(start) >= tarBlock && tarHeader(start[:tarBlock]).isValid() {
		return tarred
	}
	for _, format := range []struct {
		kind  kind
		magic string
	}{
		{zipped, "PK\x03\x04"},
		{"bzip2", "BZh"},
		{"xz", "\xfd7zXZ\x00"},
		{"zstd", "\x28\xb5\x2f\xfd"},
		{"lz4", "\x04\x22\x4d\x18"},
		{"compress", "\x1f\x9d"},
		{"7z", "7z\xbc\xaf\x27\x1c"},
		{"rar", "Rar!\x1a\x07"},
	} {
		if begins(start, format.magic) == yes {
			return format.kind
		}
	}
	return plain
}

// kindAt tells the kind of a file.
func kindAt(file io.ReaderAt) (kind, error) {
	start := make([]byte, startSize)
	n, err := file.ReadAt(start, 0)
	if err != nil && err != io.EOF {
		return plain, err
	}
	return kindOf(start[:n]), nil
}

// gzipKind tells whether start, which may end early, is really compressed with gzip.
func gzipKind(start []byte) kind {
	in, err := gzip.NewReader(bytes.NewReader(start))
	if err == nil {
		if _, err = in.Read(make([]byte, 1)); err == nil || err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return gzipped
		}
	} else if errors.Is(err, io.ErrUnexpectedEOF) && len(start) == startSize {
		return "gzip, with a long header"
	}
	return plain
}

// noteKind notes that nobody looks into content of an unknown kind.
func (p packed) noteKind(k kind) {
	if k != plain && !k.known() {
		p.note("not looked into: packed with %s", k)
	}
}

// SPDX-License-Identifier: Apache-2.0

package document

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
)

// Read reads and parses a file, which may be compressed with gzip.
func Read(name string) (*Document, error) { return new(Reader).Read(name) }

// Reader reads and parses one file after the other and uses its memory again:
// a document is good until the next one is read. The strings in it stay good.
type Reader struct {
	// Share decodes maps of scalars that are written alike, in all documents of the
	// reader, into the same map, and what reads itself once. What is decoded must
	// not be changed then.
	Share bool

	// buffer is what is read at once.
	buffer []byte
	memory memory
	shared shared
}

// Read reads and parses a file.
func (r *Reader) Read(name string) (*Document, error) {
	text, err := r.text(name)
	if err != nil {
		return nil, Problem{Position: Position{File: name}, Message: err.Error()}
	}
	doc, err := parse(name, text, &r.memory)
	if err == nil && r.Share {
		doc.shared = &r.shared
	}
	return doc, err
}

// text reads the text of a file.
func (r *Reader) text(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", fmt.Errorf("%s is a folder, not a file", name)
	}
	if info.Size() > maxSize {
		return "", fmt.Errorf("is larger than %d MiB", maxSize>>20)
	}
	text, err := r.all(f, info.Size())
	if err == nil && strings.HasPrefix(text, "\x1f\x8b") {
		var unzipped *gzip.Reader
		if unzipped, err = gzip.NewReader(strings.NewReader(text)); err == nil {
			text, err = r.all(unzipped, 4*info.Size())
		}
	}
	return text, err
}

// all reads at most maxSize bytes; size is a guess.
func (r *Reader) all(from io.Reader, size int64) (string, error) {
	if r.buffer == nil {
		r.buffer = make([]byte, 32<<10)
	}
	var text strings.Builder
	text.Grow(int(min(max(size, 0), 16<<20)))
	n, err := io.CopyBuffer(&text, io.LimitReader(from, maxSize+1), r.buffer)
	if err == nil && n > maxSize {
		err = fmt.Errorf("is larger than %d MiB", maxSize>>20)
	}
	return text.String(), err
}

// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// Read reads and parses a file, which may be compressed with gzip.
func Read(name string) (*Document, error) { return new(Reader).Read(name) }

// Reader reads and parses one file after the other and uses its memory again:
// a document is good until the next one is read. The strings in it stay good.
type Reader struct {
	scratch []byte
	nodes   []node
}

// Read reads and parses a file.
func (r *Reader) Read(name string) (*Document, error) {
	text, err := r.text(name)
	if err != nil {
		return nil, Problem{Position: Position{File: name}, Message: err.Error()}
	}
	doc, err := parse(name, text, r.nodes)
	if err == nil {
		r.nodes = doc.nodes[:0]
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
	if err := r.fill(f, info.Size()); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if !bytes.HasPrefix(r.scratch, []byte{0x1f, 0x8b}) {
		return string(r.scratch), nil
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(bytes.Clone(r.scratch)))
	if err == nil {
		err = r.fill(unzipped, 4*info.Size())
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(r.scratch), nil
}

// fill reads at most maxSize bytes into scratch; size is a guess.
func (r *Reader) fill(from io.Reader, size int64) error {
	if size = min(max(size, 0), 16<<20) + 1; int64(cap(r.scratch)) < size {
		r.scratch = make([]byte, 0, size)
	}
	r.scratch = r.scratch[:0]
	for {
		n, err := from.Read(r.scratch[len(r.scratch):cap(r.scratch)])
		r.scratch = r.scratch[:len(r.scratch)+n]
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case len(r.scratch) > maxSize:
			return fmt.Errorf("is larger than %d MiB", maxSize>>20)
		case len(r.scratch) == cap(r.scratch):
			r.scratch = append(r.scratch, 0)[:len(r.scratch)]
		}
	}
}

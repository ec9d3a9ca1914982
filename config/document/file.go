// SPDX-License-Identifier: Apache-2.0

package document

import (
	"compress/gzip"
	"crypto/sha256"
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
	// Share decodes short lists, maps and structs that are written alike, in all
	// documents of the reader, into the same ones, unless they know their place,
	// and holds on to no text of a file. What is decoded must not be changed then.
	Share bool

	// buffer is what is read at once.
	buffer []byte
	memory memory
	shared shared
}

// Read reads and parses a file.
func (r *Reader) Read(name string) (*Document, error) {
	var sum Sum
	text, err := r.text(name, &sum)
	if err != nil {
		return nil, Problem{Position: Position{File: name}, Message: err.Error()}
	}
	doc, err := parse(name, text, &r.memory)
	if err != nil {
		return nil, err
	}
	doc.sum = sum
	if r.Share {
		doc.shared = &r.shared
		doc.shared.own(doc)
	}
	return doc, nil
}

// Sum is the SHA-256 sum of the bytes of a file: files with equal sums are equal.
type Sum [sha256.Size]byte

// Sum is the sum of a file as it is now.
func (r *Reader) Sum(name string) (Sum, error) {
	var sum Sum
	f, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	hash := sha256.New()
	if err := r.copy(hash, f); err != nil {
		return sum, err
	}
	hash.Sum(sum[:0])
	return sum, nil
}

// text reads the text of a file, and its sum.
func (r *Reader) text(name string, sum *Sum) (string, error) {
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
	hash := sha256.New()
	text, err := r.all(io.TeeReader(f, hash), info.Size())
	hash.Sum(sum[:0])
	if err == nil && strings.HasPrefix(text, "\x1f\x8b") {
		var unzipped *gzip.Reader
		if unzipped, err = gzip.NewReader(strings.NewReader(text)); err == nil {
			text, err = r.all(unzipped, 4*info.Size())
		}
	}
	return text, err
}

// all reads everything; size is a guess.
func (r *Reader) all(from io.Reader, size int64) (string, error) {
	var text strings.Builder
	text.Grow(int(min(max(size, 0), 16<<20)))
	err := r.copy(&text, from)
	return text.String(), err
}

// copy copies at most maxSize bytes.
func (r *Reader) copy(to io.Writer, from io.Reader) error {
	if r.buffer == nil {
		r.buffer = make([]byte, 32<<10)
	}
	n, err := io.CopyBuffer(to, io.LimitReader(from, maxSize+1), r.buffer)
	if err == nil && n > maxSize {
		err = fmt.Errorf("is larger than %d MiB", maxSize>>20)
	}
	return err
}

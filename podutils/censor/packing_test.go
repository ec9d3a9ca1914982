// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// entry is something in an archive.
type entry struct {
	name    string
	content []byte
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func gzipOf(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = "inner"
	_, err := w.Write(content)
	check(errors.Join(err, w.Close()))
	return b.Bytes()
}

func tarOf(entries ...entry) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		check(w.WriteHeader(&tar.Header{Name: e.name, Mode: 0o640, Size: int64(len(e.content)), ModTime: time.Unix(1, 0)}))
		_, err := w.Write(e.content)
		check(err)
	}
	check(w.Close())
	return b.Bytes()
}

func zipOf(method uint16, entries ...entry) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		to, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: method, Comment: "of " + e.name, Modified: time.Unix(1e9, 0)})
		check(err)
		_, err = to.Write(e.content)
		check(err)
	}
	check(errors.Join(w.SetComment("all of it"), w.Close()))
	return b.Bytes()
}

// unpack lists all that is packed in data, with its way there.
func unpack(data []byte) map[string]string {
	all := map[string]string{}
	unpackInto(all, "", data)
	return all
}

func unpackInto(all map[string]string, where string, data []byte) {
	switch {
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		r, err := gzip.NewReader(bytes.NewReader(data))
		check(err)
		content, err := io.ReadAll(r)
		check(err)
		unpackInto(all, where+"/gzip", content)
	case bytes.HasPrefix(data, []byte("PK")):
		r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		check(err)
		all[where+"/zip"] = r.Comment
		for _, f := range r.File {
			content, err := f.Open()
			check(err)
			text, err := io.ReadAll(content)
			check(err)
			unpackInto(all, fmt.Sprintf("%s/%s(%d,%s,%v)", where, f.Name, f.Method, f.Comment, f.Modified.Unix()), text)
		}
	case len(data) > 512 && string(data[257:262]) == "ustar":
		for r := tar.NewReader(bytes.NewReader(data)); ; {
			h, err := r.Next()
			if err == io.EOF {
				return
			}
			check(err)
			text, err := io.ReadAll(r)
			check(err)
			unpackInto(all, fmt.Sprintf("%s/%s(%c,%s,%v)", where, h.Name, h.Typeflag, h.Linkname, h.PAXRecords), text)
		}
	default:
		all[where] = string(data)
	}
}

// stored is a file with the content.
func stored(t testing.TB, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	check(os.WriteFile(path, content, 0o600))
	file, err := os.Open(path)
	check(err)
	return file
}

// censorFile censors content both as a file and as a stream.
func censorFile(t *testing.T, secrets *censor.Secrets, content []byte) (got map[string][]byte, tally *censor.Tally) {
	t.Helper()
	got = map[string][]byte{}
	for name, from := range map[string]io.ReadCloser{"file": stored(t, content), "stream": io.NopCloser(struct{ io.Reader }{bytes.NewReader(content)})} {
		tally = &censor.Tally{}
		r, err := secrets.File(from, tally)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got[name], err = io.ReadAll(r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: closing: %v", name, err)
		}
	}
	return got, tally
}

// noise does not compress.
func noise(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, n)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	return noise
}

// packings are ways to pack a text.
func packings(text string) map[string][]byte {
	content := []byte(text)
	some := []entry{{"one", []byte("nothing")}, {"dir/two", content}, {"three", nil}}
	return map[string][]byte{
		"plain":         content,
		"gzip":          gzipOf(content),
		"gzip in gzip":  gzipOf(gzipOf(content)),
		"two gzips":     append(gzipOf([]byte("first\n")), gzipOf(content)...),
		"tar":           tarOf(some...),
		"tar.gz":        gzipOf(tarOf(some...)),
		"zip":           zipOf(zip.Deflate, some...),
		"zip, stored":   zipOf(zip.Store, some...),
		"gzip in tar":   tarOf(entry{"a.gz", gzipOf(content)}, entry{"b", content}, entry{"c.gz", gzipOf([]byte("nothing"))}),
		"gzip in zip":   zipOf(zip.Store, entry{"a.gz", gzipOf(content)}, entry{"b.gz", gzipOf([]byte("nothing"))}),
		"tar.gz in zip": zipOf(zip.Deflate, entry{"a.tgz", gzipOf(tarOf(some...))}),
		"zip in tar.gz": gzipOf(tarOf(entry{"a.zip", zipOf(zip.Deflate, some...)}, entry{"b", []byte("nothing")})),
		"zip in zip":    zipOf(zip.Deflate, entry{"a.zip", zipOf(zip.Deflate, some...)}),
		"zip in gzip":   gzipOf(zipOf(zip.Deflate, some...)),
		"tar in tar":    tarOf(entry{"a.tar", tarOf(entry{"b.gz", gzipOf(content)})}),
	}
}

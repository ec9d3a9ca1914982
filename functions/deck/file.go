// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// plainHeaders make an answer text that is shown and never interpreted, whatever is in it.
func plainHeaders(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// file serves an artifact as it is.
func (s *server) file(w http.ResponseWriter, r *http.Request) {
	p, err := s.storage.locate(r.PathValue("path"), s.config())
	if err == nil {
		err = s.mayShow(r.Context(), p)
	}
	if err == nil {
		err = s.serveObject(w, r, p)
	}
	if err != nil {
		fail(w, r, err)
	}
}

// serveObject answers with an object. Pictures are shown, text is shown as
// text, and everything else is offered for download.
func (s *server) serveObject(w http.ResponseWriter, r *http.Request, p place) error {
	bucket, err := s.storage.bucket(r.Context(), p)
	if err != nil {
		return err
	}
	attributes, err := bucket.Attributes(r.Context(), p.key)
	if err != nil {
		return err
	}
	reader, err := bucket.NewReader(r.Context(), p.key)
	if err != nil {
		return err
	}
	defer reader.Close()

	plainHeaders(w)
	contentType, inline := presentation(path.Base(p.key), attributes.ContentType)
	w.Header().Set("Content-Type", contentType)
	if !inline {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(p.key)}))
	}
	if attributes.ContentEncoding == "gzip" {
		return serveGzipped(w, r, reader)
	}
	http.ServeContent(w, r, "", reader.ModTime(), reader)
	return nil
}

// serveGzipped passes on what is stored compressed, and unpacks it for those who cannot.
func serveGzipped(w http.ResponseWriter, r *http.Request, reader io.Reader) error {
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.Copy(w, reader)
		return nil
	}
	unpacked, err := gzip.NewReader(reader)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	_, _ = io.Copy(w, unpacked) //nolint:gosec // G110: a stream, for as long as somebody reads
	return nil
}

// presentation is the content type to serve a file with, and whether browsers
// shall show it. Types that can hold scripts become text.
func presentation(name, stored string) (contentType string, inline bool) {
	known, _, _ := mime.ParseMediaType(stored)
	switch known {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return known, true
	case "", "application/octet-stream":
		known, _, _ = mime.ParseMediaType(mime.TypeByExtension(path.Ext(name)))
	}
	switch {
	case strings.HasPrefix(known, "text/"), strings.HasSuffix(known, "json"), strings.HasSuffix(known, "xml"), strings.HasSuffix(known, "yaml"), strings.HasSuffix(known, "javascript"):
		return "text/plain; charset=utf-8", true
	case path.Ext(name) == "", textual[path.Ext(name)]:
		return "text/plain; charset=utf-8", true
	}
	return "application/octet-stream", false
}

// textual are endings of text files that the MIME table need not know.
var textual = map[string]bool{ //nolint:gochecknoglobals // a table
	".log": true, ".txt": true, ".md": true, ".yaml": true, ".yml": true, ".json": true, ".jsonl": true,
	".out": true, ".err": true, ".toml": true, ".cfg": true, ".conf": true, ".ini": true, ".diff": true, ".patch": true, ".prom": true,
}

// tail is the last part of an object, and where in it that begins.
type tail struct {
	text  string
	start int64
	size  int64
}

// readTail reads up to limit bytes from an object's end, from the start of a line.
func readTail(r *http.Request, bucket *blob.Bucket, key string, limit int64) (tail, error) {
	attributes, err := bucket.Attributes(r.Context(), key)
	if err != nil {
		return tail{}, err
	}
	if attributes.ContentEncoding == "gzip" {
		return readGzippedTail(r, bucket, key, limit)
	}
	start := max(0, attributes.Size-limit)
	reader, err := bucket.NewRangeReader(r.Context(), key, start, -1)
	if err != nil {
		return tail{}, err
	}
	defer reader.Close()
	data, err := io.ReadAll(io.LimitReader(reader, limit))
	if err != nil {
		return tail{}, err
	}
	return newTail(string(data), start, attributes.Size), nil
}

// readGzippedTail unpacks from the start, since there is no other way.
func readGzippedTail(r *http.Request, bucket *blob.Bucket, key string, limit int64) (tail, error) {
	reader, err := bucket.NewReader(r.Context(), key)
	if err != nil {
		return tail{}, err
	}
	defer reader.Close()
	unpacked, err := gzip.NewReader(reader)
	if err != nil {
		return tail{}, err
	}
	const most = 64 << 20 // a small file can unpack to anything
	data, err := io.ReadAll(io.LimitReader(unpacked, most))
	if err != nil {
		return tail{}, err
	}
	size := int64(len(data))
	start := max(0, size-limit)
	return newTail(string(data[start:]), start, size), nil
}

func newTail(text string, start, size int64) tail {
	if start > 0 {
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
	}
	return tail{text: text, start: start, size: size}
}

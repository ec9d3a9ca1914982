// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"compress/gzip"
	"net/http"
	"strings"
)

// compressed gzips answers that are text, for clients that take it.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Header.Get("Range") != "" || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w}
		defer c.close()
		next.ServeHTTP(c, r)
	})
}

// compressor decides when the answer begins.
type compressor struct {
	http.ResponseWriter
	begun bool
	gzip  *gzip.Writer
}

func (c *compressor) WriteHeader(status int) {
	if !c.begun {
		c.begun = true
		header := c.Header()
		if status == http.StatusOK && header.Get("Content-Encoding") == "" && compressible(header.Get("Content-Type")) {
			header.Set("Content-Encoding", "gzip")
			header.Del("Content-Length")
			header.Del("Accept-Ranges")
			c.gzip, _ = gzip.NewWriterLevel(c.ResponseWriter, gzip.BestSpeed) // the level is a good one
		}
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *compressor) Write(p []byte) (int, error) {
	if !c.begun {
		c.WriteHeader(http.StatusOK)
	}
	if c.gzip != nil {
		return c.gzip.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// Flush sends what there is, for logs that are still being written.
func (c *compressor) Flush() {
	if c.gzip != nil {
		_ = c.gzip.Flush()
	}
	if f, ok := c.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

func (c *compressor) close() {
	if c.gzip != nil {
		_ = c.gzip.Close()
	}
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "application/json") ||
		strings.HasPrefix(contentType, "application/javascript") || strings.HasPrefix(contentType, "image/svg")
}

// SPDX-License-Identifier: Apache-2.0

package filedriver

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// path returns the file of the object. It is always below the folder, and no two
// keys have the same one.
func (d *Driver) path(key string) string {
	return filepath.Join(d.dir, fileName(key))
}

// attributesPath returns the file with the object's attributes, which may be absent.
func (d *Driver) attributesPath(key string) string {
	return filepath.Join(d.dir, hidden, "attributes", fileName(key))
}

// unfinished returns the folder for files that are being written.
func (d *Driver) unfinished() string {
	return filepath.Join(d.dir, hidden, "unfinished")
}

// fileName returns the key as a relative path. What a path cannot say is written
// with percent signs: control characters, "%" itself, and the segments "", "." and
// ".." and the hidden folder's name, which begin with "%" then.
func fileName(key string) string {
	segments := strings.Split(key, "/")
	for i, s := range segments {
		segments[i] = escapeSegment(s, i == 0)
	}
	return strings.Join(segments, "/")
}

func escapeSegment(s string, first bool) string {
	switch {
	case s == "":
		return "%" // escapes have two digits, so that this is nothing else
	case s == "." || s == ".." || (first && s == hidden):
		return "%2E" + s[1:]
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// keyOf is the reverse of fileName. Names that it never makes stand for themselves.
func keyOf(name string) string {
	if !strings.Contains(name, "%") {
		return name
	}
	segments := strings.Split(name, "/")
	for i, s := range segments {
		if s == "%" {
			segments[i] = ""
		} else if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return strings.Join(segments, "/")
}

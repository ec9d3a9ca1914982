// SPDX-License-Identifier: Apache-2.0

package document

import (
	"strconv"
	"strings"
)

// Locate returns where a path leads to, or as far as it leads.
func (d *Document) Locate(path string) Position {
	at, _ := d.follow(0, path)
	return d.position(at)
}

// Find is Locate, and reports whether there is something at the end of the path.
func (d *Document) Find(path string) (Position, bool) {
	at, found := d.follow(0, path)
	return d.position(at), found
}

// LocateBelow is Locate for a path below the mapping at a position that was
// handed to a Positioned when the same text was decoded, and gives the whole path.
func (d *Document) LocateBelow(at Position, path string) (Position, string) {
	if at.node <= 0 || int(at.node) >= len(d.nodes) || int(d.nodes[at.node].line) != at.Line {
		return Position{File: d.file, Line: at.Line, Column: at.Column}, path // The file has changed meanwhile.
	}
	whole := d.path(at.node)
	if path != "" {
		whole += "." + path
	}
	end, _ := d.follow(at.node, path)
	return d.position(end), whole
}

// follow goes along a path as far as it leads, and reports whether that is its end.
func (d *Document) follow(at int32, path string) (end int32, found bool) {
	for path != "" {
		next, rest := int32(-1), path
		position := 0
		for child := range d.children(at) {
			element := d.nodes[child].key
			if d.nodes[at].kind == sequence {
				element = strconv.Itoa(position)
			}
			// Of keys that all fit, since keys may hold dots and brackets, the longest is meant.
			if after, ok := stepInto(path, element); ok && (next < 0 || len(after) < len(rest)) {
				next, rest = child, after
			}
			position++
		}
		if next < 0 {
			return at, false
		}
		at, path = next, rest
	}
	return at, true
}

// stepInto is the rest of a path such as a.b[c/d][0] behind its first element, if that is the given one.
func stepInto(path, element string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(path, "["+element+"]"); !ok {
		if rest, ok = strings.CutPrefix(path, element); !ok || element == "" {
			return "", false
		}
	}
	if rest != "" && rest[0] != '.' && rest[0] != '[' {
		return "", false
	}
	return strings.TrimPrefix(rest, "."), true
}

// SPDX-License-Identifier: Apache-2.0

package document

import (
	"strconv"
	"strings"
)

// Locate returns where a path leads to, or as far as it leads.
func (d *Document) Locate(path string) Position {
	at := d.follow(0, path)
	return Position{File: d.file, Line: int(d.nodes[at].line)}
}

// LocateBelow is Locate for a path below the mapping at a position that was
// handed to a Positioned when the same text was decoded, and gives the whole path.
func (d *Document) LocateBelow(at Position, path string) (Position, string) {
	if at.node <= 0 || int(at.node) >= len(d.nodes) || int(d.nodes[at.node].line) != at.Line {
		return Position{File: d.file, Line: at.Line}, path // The file has changed meanwhile.
	}
	whole := d.path(at.node)
	if path != "" {
		whole += "." + path
	}
	return Position{File: d.file, Line: int(d.nodes[d.follow(at.node, path)].line)}, whole
}

func (d *Document) follow(at int32, path string) int32 {
	for path != "" {
		var element string
		element, path = nextElement(path)
		next := int32(-1)
		position := 0
		for child := range d.children(at) {
			if d.nodes[at].kind == sequence && strconv.Itoa(position) == element || d.nodes[at].kind == mapping && d.nodes[child].key == element {
				next = child
				break
			}
			position++
		}
		if next < 0 {
			return at
		}
		at = next
	}
	return at
}

// nextElement splits off the first element of a path such as a.b[c/d][0].
func nextElement(path string) (element, rest string) {
	if strings.HasPrefix(path, "[") {
		element, rest, _ = strings.Cut(path[1:], "]")
		return element, strings.TrimPrefix(rest, ".")
	}
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end], strings.TrimPrefix(path[end:], ".")
	}
	return path, ""
}

// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits of a document. They are far beyond real configurations.
const (
	maxSize  = 256 << 20
	maxDepth = 200
)

// errUnusual sends a file to the slower parser.
var errUnusual = errors.New("not in plain block style")

// Parse reads the first document of a YAML file. file is for messages.
func Parse(file, text string) (*Document, error) { return parse(file, text, &memory{}) }

// memory is what one parser leaves to the next.
type memory struct {
	nodes []node
	// block is where block scalars are put together.
	block bytes.Buffer
}

// parse is Parse with memory to use.
func parse(file, text string, with *memory) (*Document, error) {
	if len(text) > maxSize {
		return nil, Problem{Position: Position{File: file}, Message: fmt.Sprintf("is larger than %d MiB", maxSize>>20)}
	}
	if d, err := parseBlockStyle(file, text, with); err == nil {
		return d, nil
	}
	return parseAnyStyle(file, text)
}

// parser reads plain block style. Where it is not sure it gives up with
// errUnusual, and whatever it returns is what the whole language means.
type parser struct {
	text  string
	pos   int
	line  int32
	col   int
	depth int
	nodes []node
	block *bytes.Buffer
	// counted is where the last column of a flow collection was.
	counted counted
}

func parseBlockStyle(file, text string, with *memory) (*Document, error) {
	if !printable(text) {
		return nil, errUnusual
	}
	// After a file that is much larger than the others its memory is given back.
	if guess := strings.Count(text, "\n") + 16; cap(with.nodes) < guess || cap(with.nodes) > 4*guess+1024 {
		with.nodes = make([]node, 0, guess)
	}
	p := &parser{text: text, line: 1, nodes: with.nodes[:0], block: &with.block}
	if err := p.parseDocument(); err != nil {
		return nil, err
	}
	with.nodes = p.nodes
	return &Document{file: file, nodes: p.nodes}, nil
}

// printable reports whether the text has only characters that mean nothing special to lines.
func printable(text string) bool {
	ascii := true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			ascii = false
		case c < ' ' && c != '\n' && c != '\t', c == 0x7f:
			return false
		}
	}
	return ascii || printableRunes(text)
}

func printableRunes(text string) bool {
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
		case r == utf8.RuneError, r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			return false
		}
	}
	return true
}

func (p *parser) parseDocument() error {
	found, err := p.nextContent()
	if err != nil && p.col == 0 && strings.HasPrefix(p.text[p.pos:], "---\n") {
		p.skipLine()
		found, err = p.nextContent()
	}
	if err != nil {
		return err
	}
	if !found {
		p.nodes = append(p.nodes, node{kind: scalar, plain: true, line: 1})
		return nil
	}
	if !p.atDash() && !p.atKey() {
		return errUnusual
	}
	if err := p.parseCollection(""); err != nil {
		return err
	}
	if p.pos < len(p.text) {
		return errUnusual
	}
	return nil
}

// nextContent goes on to the next character that is neither blank nor comment,
// at the start of a line, and sets its column.
func (p *parser) nextContent() (bool, error) {
	for p.pos < len(p.text) {
		start := p.pos
		for p.pos < len(p.text) && p.text[p.pos] == ' ' {
			p.pos++
		}
		if p.pos == len(p.text) {
			return false, nil
		}
		switch p.text[p.pos] {
		case '\n':
			p.pos++
			p.line++
		case '#':
			p.skipLine()
		case '\t':
			return false, errUnusual
		default:
			p.col = p.pos - start
			return true, p.checkMarker()
		}
	}
	return false, nil
}

// checkMarker gives up at document markers and directives.
func (p *parser) checkMarker() error {
	if p.col > 0 {
		return nil
	}
	rest := p.text[p.pos:]
	if rest[0] == '%' || strings.HasPrefix(rest, "---") || strings.HasPrefix(rest, "...") {
		return errUnusual
	}
	return nil
}

func (p *parser) skipLine() {
	if end := strings.IndexByte(p.text[p.pos:], '\n'); end >= 0 {
		p.pos += end + 1
		p.line++
		return
	}
	p.pos = len(p.text)
}

// at is the character at a distance from the position; a newline stands for the end of the text.
func (p *parser) at(distance int) byte {
	if p.pos+distance < len(p.text) {
		return p.text[p.pos+distance]
	}
	return '\n'
}

// atDash reports whether a sequence's entry starts here.
func (p *parser) atDash() bool { return p.at(0) == '-' && (p.at(1) == ' ' || p.at(1) == '\n') }

// add appends a node that starts in p.col and returns its index.
func (p *parser) add(n node) int32 {
	n.line, n.column = p.line, columnAt(p.col)
	p.nodes = append(p.nodes, n)
	return int32(len(p.nodes) - 1)
}

// link makes child the next child of parent, after last.
func (p *parser) link(parent, last, child int32) int32 {
	p.nodes[parent].count++
	if last != 0 {
		p.nodes[last].next = child
	}
	return child
}

// parseCollection reads the mapping or sequence that starts at the position, in p.col.
func (p *parser) parseCollection(key string) error {
	if p.depth++; p.depth > maxDepth {
		return errUnusual
	}
	defer func() { p.depth-- }()
	if p.atDash() {
		return p.parseSequence(key)
	}
	return p.parseMapping(key)
}

func (p *parser) parseSequence(key string) error {
	col := p.col
	self := p.add(node{key: key, kind: sequence})
	var last int32
	for {
		last = p.link(self, last, int32(len(p.nodes)))
		p.pos++
		indent := p.skipSpaces() + 1
		if p.endOfLine() {
			if err := p.parseBelow("", col, false); err != nil {
				return err
			}
		} else {
			p.col = col + indent
			if err := p.parseInline("", col, true); err != nil {
				return err
			}
		}
		if p.pos == len(p.text) || p.col < col {
			return nil
		}
		if p.col > col {
			return errUnusual
		}
		if !p.atDash() {
			return nil
		}
	}
}

func (p *parser) parseMapping(key string) error {
	col := p.col
	self := p.add(node{key: key, kind: mapping})
	var last int32
	for {
		line := p.line
		name, err := p.parseKey()
		if err != nil {
			return err
		}
		last = p.link(self, last, int32(len(p.nodes)))
		p.skipSpaces()
		if p.endOfLine() {
			err = p.parseBelow(name, col, true)
		} else {
			err = p.parseInline(name, col, false)
		}
		if err != nil {
			return err
		}
		p.nodes[last].line, p.nodes[last].column = line, columnAt(col)
		if p.pos == len(p.text) || p.col < col {
			return nil
		}
		if p.col > col {
			return errUnusual
		}
	}
}

// skipSpaces returns how many there were.
func (p *parser) skipSpaces() int {
	start := p.pos
	for p.pos < len(p.text) && p.text[p.pos] == ' ' {
		p.pos++
	}
	return p.pos - start
}

// endOfLine reports whether only a comment follows.
func (p *parser) endOfLine() bool {
	if p.pos == len(p.text) || p.text[p.pos] == '\n' {
		return true
	}
	return p.text[p.pos] == '#' && p.pos > 0 && p.text[p.pos-1] == ' '
}

// finish goes on after a value: to the end of its line and to the next content.
func (p *parser) finish() error {
	p.skipSpaces()
	if !p.endOfLine() {
		return errUnusual
	}
	p.skipLine()
	_, err := p.nextContent()
	if p.pos == len(p.text) {
		p.col = 0
	}
	return err
}

// parseBelow reads a value that starts on a later line than its key or dash, or is null.
func (p *parser) parseBelow(key string, parent int, inMapping bool) error {
	line := p.line
	p.skipLine()
	found, err := p.nextContent()
	if err != nil {
		return err
	}
	compact := inMapping && found && p.col == parent && p.atDash()
	if !found || p.col <= parent && !compact {
		p.nodes = append(p.nodes, node{key: key, kind: scalar, plain: true, line: line, column: columnAt(parent + 1)})
		if !found {
			p.col = 0
		}
		return nil
	}
	if p.atDash() || p.atKey() {
		return p.parseCollection(key)
	}
	return p.parseScalar(key, parent)
}

// parseInline reads a value that starts on the line of its key or dash. A
// collection can start only after a dash.
func (p *parser) parseInline(key string, parent int, afterDash bool) error {
	if afterDash && (p.atDash() || p.atKey()) {
		return p.parseCollection(key)
	}
	return p.parseScalar(key, parent)
}

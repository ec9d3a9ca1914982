// SPDX-License-Identifier: Apache-2.0

package document

import (
	"strings"
	"unicode/utf8"
)

// parseFlow reads [a, b] or {a: b}, which may go over lines.
func (p *parser) parseFlow(key string) error {
	if p.depth++; p.depth > maxDepth {
		return errUnusual
	}
	defer func() { p.depth-- }()
	closing, of := byte(']'), sequence
	if p.text[p.pos] == '{' {
		closing, of = '}', mapping
	}
	self := p.add(node{key: key, kind: of})
	p.pos++
	var last int32
	for {
		if err := p.skipFlowSpace(); err != nil {
			return err
		}
		if p.at(0) == closing {
			p.pos++
			return nil
		}
		last = p.link(self, last, int32(len(p.nodes)))
		if err := p.parseFlowEntry(of); err != nil {
			return err
		}
		if err := p.skipFlowSpace(); err != nil {
			return err
		}
		switch p.at(0) {
		case ',':
			p.pos++
		case closing:
		default:
			return errUnusual
		}
	}
}

func (p *parser) parseFlowEntry(of kind) error {
	line, column, self := p.line, p.flowColumn(), len(p.nodes)
	if of == sequence {
		if err := p.parseFlowValue(""); err != nil {
			return err
		}
		p.nodes[self].column = column
		return nil
	}
	var key string
	if c := p.at(0); c == '"' || c == '\'' {
		quoted, err := p.parseQuoted()
		if err != nil || p.line != line {
			return errUnusual
		}
		key = quoted
	} else {
		text, err := p.flowPlain()
		if err != nil {
			return err
		}
		name, ok := resolvedKey(text)
		if !ok || text == "<<" {
			return errUnusual
		}
		key = name
	}
	if p.at(0) != ':' || !isSpace(p.at(1)) {
		return errUnusual
	}
	p.pos++
	if err := p.skipFlowSpace(); err != nil {
		return err
	}
	if err := p.parseFlowValue(key); err != nil {
		return err // Perhaps before there was a node.
	}
	p.nodes[self].line, p.nodes[self].column = line, column
	return nil
}

// counted is how many characters of a line are before a position.
type counted struct {
	line            int32
	pos, characters int
}

// flowColumn is the column of the position. In flow collections p.col does not
// follow it. It counts on from the last one of its line: lines may be very long.
func (p *parser) flowColumn() uint16 {
	c := &p.counted
	if c.line != p.line || c.pos > p.pos {
		*c = counted{line: p.line, pos: strings.LastIndexByte(p.text[:p.pos], '\n') + 1}
	}
	c.characters += utf8.RuneCountInString(p.text[c.pos:p.pos])
	c.pos = p.pos
	return columnAt(c.characters)
}

func (p *parser) parseFlowValue(key string) error {
	switch p.at(0) {
	case '[', '{':
		return p.parseFlow(key)
	case '"', '\'':
		self := p.add(node{key: key, kind: scalar})
		value, err := p.parseQuoted()
		p.nodes[self].value = value
		return err
	}
	self := p.add(node{key: key, kind: scalar, plain: true})
	value, err := p.flowPlain()
	p.nodes[self].value = value
	return err
}

// flowPlain reads a plain scalar in a flow collection, on one line.
func (p *parser) flowPlain() (string, error) {
	c := p.at(0)
	if strings.IndexByte(indicators, c) >= 0 || isSpace(c) || c == '?' || c == ':' || c == '-' && (isSpace(p.at(1)) || strings.IndexByte(indicators, p.at(1)) >= 0) {
		return "", errUnusual
	}
	for i := p.pos; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '\n', '\t', '?', '#', '[', '{':
			return "", errUnusual
		case ',', ']', '}':
			return p.flowText(i), nil
		case ':':
			if i+1 == len(p.text) || p.text[i+1] != ' ' {
				return "", errUnusual
			}
			return p.flowText(i), nil
		}
	}
	return "", errUnusual
}

func (p *parser) flowText(end int) string {
	text := strings.TrimRight(p.text[p.pos:end], " ")
	p.pos = end
	return text
}

// skipFlowSpace goes over spaces, line breaks and comments.
func (p *parser) skipFlowSpace() error {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ':
			p.pos++
		case '\n':
			p.pos++
			p.line++
			rest := p.text[p.pos:]
			if strings.HasPrefix(rest, "---") || strings.HasPrefix(rest, "...") {
				return errUnusual
			}
		case '#':
			if before := p.text[p.pos-1]; before != ' ' && before != '\n' {
				return errUnusual
			}
			p.skipLine()
		case '\t':
			return errUnusual
		default:
			return nil
		}
	}
	return errUnusual
}

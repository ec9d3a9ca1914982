// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"strings"
)

// parseBlockScalar reads the lines after | or >.
func (p *parser) parseBlockScalar(key string, parent int) error {
	self := p.add(node{key: key, kind: scalar})
	literal := p.text[p.pos] == '|'
	p.pos++
	chomp, explicit := byte(0), 0
	for ; !isSpace(p.at(0)); p.pos++ {
		switch c := p.at(0); {
		case (c == '+' || c == '-') && chomp == 0:
			chomp = c
		case c >= '1' && c <= '9' && explicit == 0:
			explicit = int(c - '0')
		default:
			return errUnusual
		}
	}
	p.skipSpaces()
	if !p.endOfLine() {
		return errUnusual
	}
	p.skipLine()
	indent, err := p.blockIndent(parent, explicit)
	if err != nil {
		return err
	}
	p.nodes[self].value = p.blockLines(indent, literal, chomp)
	return p.afterScalar(parent)
}

// blockIndent is the indentation of a block scalar: as given, or that of its first line with text.
func (p *parser) blockIndent(parent, explicit int) (int, error) {
	if explicit > 0 {
		return max(parent, 0) + explicit, nil
	}
	longest := 0
	for i := p.pos; i < len(p.text); {
		start := i
		for i < len(p.text) && p.text[i] == ' ' {
			i++
		}
		if i == len(p.text) || p.text[i] == '\t' {
			return 0, errUnusual
		}
		if p.text[i] != '\n' {
			if longest > i-start {
				return 0, errUnusual
			}
			return max(i-start, parent+1), nil
		}
		longest = max(longest, i-start)
		i++
	}
	return max(longest, parent+1), nil
}

// blockLines reads the lines of a block scalar that have at least this indentation.
func (p *parser) blockLines(indent int, literal bool, chomp byte) string {
	b := p.block
	b.Reset()
	pending, afterText, afterBlank := 0, false, false
	for p.pos < len(p.text) {
		start := p.pos
		for p.pos < len(p.text) && p.pos-start < indent && p.text[p.pos] == ' ' {
			p.pos++
		}
		if p.at(0) == '\n' && p.pos < len(p.text) {
			p.pos++
			p.line++
			pending++
			continue
		}
		if p.pos-start < indent || p.pos == len(p.text) {
			if p.pos < len(p.text) {
				p.pos = start
			}
			break
		}
		end := strings.IndexByte(p.text[p.pos:], '\n')
		text := p.text[p.pos:]
		if end >= 0 {
			text = text[:end]
		}
		blank := text[0] == ' ' || text[0] == '\t'
		switch {
		case !afterText:
			b.WriteString(strings.Repeat("\n", pending))
		case literal || blank || afterBlank:
			b.WriteString(strings.Repeat("\n", pending))
		default:
			b.WriteString(fold(pending - 1))
		}
		b.WriteString(text)
		afterText, afterBlank, pending = true, blank, 0
		if end < 0 {
			p.pos = len(p.text)
			return chomped(b, 0, chomp)
		}
		p.pos += end + 1
		p.line++
		pending = 1
	}
	return chomped(b, pending, chomp)
}

// chomped ends a block scalar after which this many line breaks came.
func chomped(b *bytes.Buffer, breaks int, chomp byte) string {
	switch {
	case chomp == '+':
		b.WriteString(strings.Repeat("\n", breaks))
	case chomp == 0 && breaks > 0 && b.Len() > 0:
		b.WriteByte('\n')
	}
	return b.String()
}

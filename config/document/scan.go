// SPDX-License-Identifier: Apache-2.0

package document

import "strings"

// indicators cannot start a plain scalar.
const indicators = ",[]{}#&*!|>'\"%@`"

// atKey reports whether a mapping's key starts here; the position stays.
func (p *parser) atKey() bool {
	pos, line := p.pos, p.line
	_, err := p.parseKey()
	p.pos, p.line = pos, line
	return err == nil
}

// parseKey reads a key and its colon.
func (p *parser) parseKey() (string, error) {
	var key string
	switch c := p.at(0); {
	case c == '"' || c == '\'':
		line := p.line
		var err error
		if key, err = p.parseQuoted(); err != nil || p.line != line {
			return "", errUnusual
		}
		p.skipSpaces()
	case strings.IndexByte(indicators, c) >= 0, (c == '?' || c == ':' || c == '-') && isSpace(p.at(1)):
		return "", errUnusual
	default:
		end := p.plainEnd()
		if end == p.pos || p.text[p.pos] == '<' && p.text[p.pos:end] == "<<" {
			return "", errUnusual
		}
		text := strings.TrimRight(p.text[p.pos:end], " ")
		if len(text) > 500 || strings.IndexByte(text, '\t') >= 0 {
			return "", errUnusual
		}
		name, ok := resolvedKey(text)
		if !ok {
			return "", errUnusual
		}
		key, p.pos = name, end
	}
	if p.at(0) != ':' || !isSpace(p.at(1)) {
		return "", errUnusual
	}
	p.pos++
	return key, nil
}

// plainEnd is where a plain scalar on this line ends: at a colon and a space, before a comment, or with the line.
func (p *parser) plainEnd() int {
	for i := p.pos; i < len(p.text); i++ {
		switch p.text[i] {
		case '\n':
			return i
		case ':':
			if i+1 == len(p.text) || isSpace(p.text[i+1]) {
				return i
			}
		case '#':
			if i > p.pos && p.text[i-1] == ' ' {
				return i
			}
		}
	}
	return len(p.text)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// parseScalar reads a scalar or flow collection that starts here, inside a collection with this indentation.
func (p *parser) parseScalar(key string, parent int) error {
	switch c := p.at(0); {
	case c == '"' || c == '\'':
		self := p.add(node{key: key, kind: scalar})
		value, err := p.parseQuoted()
		if err != nil {
			return err
		}
		p.nodes[self].value = value
	case c == '[' || c == '{':
		if err := p.parseFlow(key); err != nil {
			return err
		}
	case c == '|' || c == '>':
		return p.parseBlockScalar(key, parent)
	case strings.IndexByte(indicators, c) >= 0, (c == '-' || c == '?' || c == ':') && isSpace(p.at(1)):
		return errUnusual
	default:
		return p.parsePlain(key, parent)
	}
	if err := p.finish(); err != nil {
		return err
	}
	if p.pos < len(p.text) && p.col > parent {
		return errUnusual
	}
	return nil
}

// parsePlain reads a plain scalar, which goes on over lines that are indented deeper than its parent.
func (p *parser) parsePlain(key string, parent int) error {
	self := p.add(node{key: key, kind: scalar, plain: true})
	value, commented, err := p.plainLine()
	if err != nil {
		return err
	}
	p.nodes[self].value = value
	p.skipLine()
	var folded strings.Builder
	for breaks := 0; p.pos < len(p.text); {
		start := p.pos
		indent := p.skipSpaces()
		if p.at(0) == '\n' && p.pos < len(p.text) {
			p.pos++
			p.line++
			breaks++
			continue
		}
		if indent <= parent || p.at(0) == '#' || p.pos == len(p.text) {
			p.pos = start
			break
		}
		if commented || p.at(0) == '\t' {
			return errUnusual
		}
		if folded.Len() == 0 {
			folded.WriteString(value)
		}
		if value, commented, err = p.plainLine(); err != nil {
			return err
		}
		folded.WriteString(fold(breaks))
		folded.WriteString(value)
		p.skipLine()
		breaks = 0
	}
	if folded.Len() > 0 {
		p.nodes[self].value = folded.String()
	}
	return p.afterScalar(parent)
}

// afterScalar goes to what follows a scalar of several lines, which may not be inside of it.
func (p *parser) afterScalar(parent int) error {
	found, err := p.nextContent()
	if err != nil {
		return err
	}
	if !found {
		p.col = 0
	} else if p.col > parent {
		return errUnusual
	}
	return nil
}

// plainLine reads one line of a plain scalar, and whether a comment follows it.
func (p *parser) plainLine() (text string, commented bool, err error) {
	end := p.plainEnd()
	text = strings.TrimRight(p.text[p.pos:end], " ")
	if text == "" || strings.IndexByte(text, '\t') >= 0 {
		return "", false, errUnusual
	}
	if end < len(p.text) && p.text[end] == ':' {
		return "", false, errUnusual
	}
	p.pos = end
	return text, end < len(p.text) && p.text[end] == '#', nil
}

// fold is what stands for a line break and this many empty lines.
func fold(empty int) string {
	if empty == 0 {
		return " "
	}
	return strings.Repeat("\n", empty)
}

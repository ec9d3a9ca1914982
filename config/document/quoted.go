// SPDX-License-Identifier: Apache-2.0

package document

import "strings"

// parseQuoted reads a quoted scalar, which may go over lines.
func (p *parser) parseQuoted() (string, error) {
	quote := p.text[p.pos]
	start := p.pos + 1
	for i := start; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == quote && (quote == '"' || i+1 == len(p.text) || p.text[i+1] != '\''):
			p.pos = i + 1
			return p.text[start:i], nil
		case c == '\n', c == quote, c == '\\' && quote == '"':
			return p.parseLongQuoted(quote, start, i)
		}
	}
	return "", errUnusual
}

// parseLongQuoted goes on with a quoted scalar where the text is not simply what it says.
func (p *parser) parseLongQuoted(quote byte, start, at int) (string, error) {
	var b strings.Builder
	before := strings.TrimRight(p.text[start:at], " \t")
	b.WriteString(before)
	for p.pos = start + len(before); p.pos < len(p.text); {
		c := p.text[p.pos]
		switch {
		case c == quote && quote == '\'' && p.at(1) == '\'' && p.pos+1 < len(p.text):
			b.WriteByte(c)
			p.pos += 2
		case c == quote:
			p.pos++
			return b.String(), nil
		case c == '\\' && quote == '"':
			unescaped, ok := unescape(p.at(1))
			if !ok {
				return "", errUnusual
			}
			b.WriteByte(unescaped)
			p.pos += 2
		case c == ' ' || c == '\n' || c == '\t':
			if err := p.quotedSpace(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	return "", errUnusual
}

// quotedSpace reads white space in a quoted scalar: as it is on a line, folded where lines end.
func (p *parser) quotedSpace(b *strings.Builder) error {
	start, breaks := p.pos, 0
	for ; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case ' ':
		case '\t':
			return errUnusual
		case '\n':
			breaks++
			p.line++
			if rest := p.text[p.pos+1:]; strings.HasPrefix(rest, "---") || strings.HasPrefix(rest, "...") {
				return errUnusual
			}
		default:
			if breaks == 0 {
				b.WriteString(p.text[start:p.pos])
			} else {
				b.WriteString(fold(breaks - 1))
			}
			return nil
		}
	}
	return errUnusual
}

// escapes are the escapes of one character, each before what it stands for.
const escapes = "0\x00a\ab\bt\t\t\tn\nv\vf\fr\re\x1b  \"\"//\\\\"

func unescape(c byte) (byte, bool) {
	for e := 0; e < len(escapes); e += 2 {
		if escapes[e] == c {
			return escapes[e+1], true
		}
	}
	return 0, false
}

// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	// longText is the length, in bytes, from which a value is no text with parts, and
	// is not escaped.
	longText = 64 << 10
	// piece is how long a pattern may be: longer texts are several.
	piece = 4 << 10
	// shortestCut is the least length of base64 without its ends, which is no longer
	// told from other text by them.
	shortestCut = 12
	// lineOfBase64 is how long base64's lines are, unless told otherwise, with
	// coreutils and MIME.
	lineOfBase64 = 76
)

// forms are the texts in which a value may show: its own and those of its parts, as
// they are and encoded. It is none when the value is no secret.
func forms(value string, minimum int) []string {
	var all []string
	for _, part := range parts(value) {
		trimmed := strings.TrimSpace(part)
		if trimmed == "" || len(trimmed) < minimum || strings.EqualFold(trimmed, "true") || strings.EqualFold(trimmed, "false") {
			continue
		}
		all = append(all, trimmed)
		all = append(all, inBase64(part, trimmed)...)
		if len(trimmed) < longText {
			all = append(all, escaped(trimmed)...)
			all = append(all, keyLines(trimmed)...)
		}
	}
	return all
}

// inBase64 is of the value itself and the trimmed one; and of the latter within
// anything longer.
func inBase64(part, trimmed string) []string {
	whole := encode(part)
	all := []string{whole, encode(trimmed)}
	for before := range 3 {
		if cut := cutBase64(trimmed, before); len(cut) >= shortestCut {
			all = append(all, cut)
		}
	}
	if len(whole) > lineOfBase64 && len(whole) < longText {
		for at := 0; at+lineOfBase64 <= len(whole); at += lineOfBase64 {
			all = append(all, whole[at:at+lineOfBase64])
		}
	}
	for _, text := range all {
		if inURL := strings.NewReplacer("+", "-", "/", "_").Replace(text); inURL != text {
			all = append(all, inURL)
		}
	}
	return all
}

func encode(value string) string { return base64.StdEncoding.EncodeToString([]byte(value)) }

// cutBase64 is what all texts have in common that are base64 of the value after so
// many other bytes: without the ends, which depend on the neighbours.
func cutBase64(value string, before int) string {
	whole := base64.RawStdEncoding.EncodeToString([]byte("\x00\x00"[:before] + value))
	from := (before*8 + 5) / 6
	to := (before + len(value)) * 8 / 6
	return whole[min(from, to):to]
}

// escaped is the value in JSON, with and without what is only escaped for HTML, and
// in URLs.
func escaped(trimmed string) []string {
	var all []string
	add := func(text string) {
		if text != trimmed {
			all = append(all, text)
		}
	}
	if utf8.ValidString(trimmed) {
		for _, forHTML := range []bool{true, false} {
			var b strings.Builder
			encoder := json.NewEncoder(&b)
			encoder.SetEscapeHTML(forHTML)
			if err := encoder.Encode(trimmed); err == nil { // no other error than one of writing
				add(b.String()[1 : b.Len()-2]) // without quotes and the newline
			}
		}
	}
	query := url.QueryEscape(trimmed)
	add(query)
	add(strings.ReplaceAll(query, "+", "%20"))
	add(url.PathEscape(trimmed))
	return all
}

// pieces are the text, or several that overlap and are as long as a pattern may be.
func pieces(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(text) > piece {
			if !yield(text[:piece]) {
				return
			}
			text = text[min(piece, len(text)-piece):]
		}
		yield(text)
	}
}

// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strings"
)

const (
	// shortestPart is how long, in bytes, a part of a value must be to be a secret.
	shortestPart = 8
	// shortestLine is the same for what no name calls a secret.
	shortestLine = 16
	// shortestHex is the same for what has but the digits of hexadecimal numbers.
	shortestHex = 32
)

// parts are the value and what in it is a secret by itself: strings in JSON, and
// what follows a name in a line, as in .env, .netrc and a kubeconfig. Other parts,
// as the address that a password is for, are in many logs and must stay.
func parts(value string) []string {
	all := []string{value}
	if len(value) >= longText {
		return all
	}
	add := func(name, text string) {
		if isSecret(name, text) {
			all = append(all, text)
		}
	}
	var document map[string]any
	if json.Unmarshal([]byte(value), &document) == nil {
		eachString("", document, add)
		return all
	}
	for line := range privateLines(value) {
		if at := strings.IndexAny(line, ":="); at > 0 {
			add(line[:at], unquoted(line[at+1:]))
		}
		if address, err := url.Parse(line); err == nil {
			password, _ := address.User.Password()
			add("password", password)
		}
		words := strings.Fields(line)
		for i, word := range words[min(1, len(words)):] {
			add(words[i], unquoted(word))
		}
	}
	return all
}

// eachString calls do for the strings in a JSON value, with the names that they have.
func eachString(name string, value any, do func(name, text string)) {
	switch value := value.(type) {
	case string:
		do(name, value)
	case []any:
		for _, element := range value {
			eachString(name, element, do)
		}
	case map[string]any:
		for key, element := range value {
			eachString(key, element, do)
		}
	}
}

func unquoted(text string) string { return strings.Trim(text, " \t\"',;") }

// isSecret tells whether a part of a value is a secret: by what it looks like or by
// its name.
func isSecret(name, text string) bool {
	switch {
	case len(text) < shortestPart:
		return false
	case isPrivateBlock(text), isKeyMaterial(text):
		return true
	case strings.HasPrefix(text, "/"), strings.Contains(text, "://"), strings.ContainsAny(text, " \n"):
		return false
	}
	name = strings.ToLower(unquoted(name))
	has := func(part string) bool { return strings.Contains(name, part) }
	ends := func(suffix string) bool { return strings.HasSuffix(name, suffix) }
	return slices.ContainsFunc([]string{"secret", "passw", "token", "key", "credential"}, has) &&
		!slices.ContainsFunc([]string{"name", "id", "file", "path", "uri", "url", "type"}, ends)
}

// isPrivateBlock tells whether text holds a private key.
func isPrivateBlock(text string) bool { return strings.Contains(text, "PRIVATE KEY"+dashes) }

// isKeyMaterial tells whether text looks as if made by chance. Names that people
// give hardly have capitals, small letters and digits.
func isKeyMaterial(text string) bool {
	if len(text) < shortestLine || strings.HasPrefix(text, encode(blockBegin+"CERT")) {
		return false
	}
	chars := classOf("+/=_.~-")
	if chars.run([]byte(text)) < len(text) {
		return false
	}
	if len(text) >= shortestHex && strings.Trim(text, digits+"abcdef") == "" {
		return true
	}
	return strings.ContainsAny(text, upper) && strings.ContainsAny(text, lower) && strings.ContainsAny(text, digits)
}

// keyLines are the lines, of several, that are key material.
func keyLines(text string) []string {
	if !strings.Contains(text, "\n") {
		return nil
	}
	return slices.DeleteFunc(slices.Collect(privateLines(text)), func(line string) bool { return !isKeyMaterial(line) })
}

// privateLines are the lines that are not in the block of something public, as a
// certificate.
func privateLines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		public := false
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, dashes) {
				public = strings.HasPrefix(line, blockBegin) && !isPrivateBlock(line)
				continue
			}
			if !public && !yield(line) {
				return
			}
		}
	}
}

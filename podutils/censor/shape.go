// SPDX-License-Identifier: Apache-2.0

package censor

import "encoding/base64"

// shape is what tokens of one kind look like.
type shape struct {
	name   string
	starts []string
	// apart tells that no word goes on before a token, so that what looks like one
	// in the midst of encoded data is none.
	apart bool
	// class is what tokens are made of. They go on as long as it lasts.
	class *class
	// rest tells whether, and for how long, a token goes on with what comes after
	// its start.
	rest rest
}

// rest returns a length with yes.
type rest func(text []byte) (int, verdict)

// match is how long the token is that text begins with.
func (s *shape) match(text []byte) (int, verdict) {
	for _, start := range s.starts {
		v := begins(text, start)
		if v == maybe {
			return 0, maybe
		}
		if v == yes {
			n, v := s.rest(text[len(start):])
			return len(start) + n, v
		}
	}
	return 0, no
}

// begins tells whether text begins with start.
func begins(text []byte, start string) verdict {
	n := min(len(text), len(start))
	switch {
	case string(text[:n]) != start[:n]:
		return no
	case n < len(start):
		return maybe
	}
	return yes
}

// anchors are what tokens start with, as long as the index needs it.
func (s *shape) anchors() []string {
	var anchors []string
	for _, start := range s.starts {
		if len(start) >= window {
			anchors = append(anchors, start)
			continue
		}
		for b, has := range s.class {
			if has {
				anchors = append(anchors, start+string(rune(b)))
			}
		}
	}
	return anchors
}

// class is a set of bytes.
type class [256]bool

// classOf is the set of all letters, digits and the others.
func classOf(others string) *class {
	var c class
	for _, chars := range []string{upper, lower, digits, others} {
		c.add(chars)
	}
	return &c
}

const (
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

func (c *class) add(chars string) {
	for _, b := range []byte(chars) {
		c[b] = true
	}
}

// run is how many of the first bytes of text are in the class.
func (c *class) run(text []byte) int {
	for i, b := range text {
		if !c[b] {
			return i
		}
	}
	return len(text)
}

// shapes are the kinds of tokens that are known. Sources are the providers'
// documents on their tokens; all of them may grow.
func shapes() []shape {
	word, path, base64URL, dotted := classOf("_"), classOf("_/"), classOf("_-"), classOf("_-.")
	capitals := &class{}
	capitals.add(upper + digits)
	anyBase64 := classOf("+/=_-%") // also escaped in a URL
	return []shape{
		{name: "GitHub token", starts: []string{"ghp_", "gho_", "ghr_", "github_pat_"}, class: word, rest: atLeast(36, word)},
		// These may be the number of an app and a JSON web token.
		{name: "GitHub token", starts: []string{"ghs_", "ghu_"}, class: dotted, rest: atLeast(36, dotted)},
		{name: "AWS access key", starts: []string{"AKIA", "ASIA"}, apart: true, class: capitals, rest: atLeast(16, capitals)},
		{name: "AWS secret key", starts: []string{"secret_access_key", "SECRET_ACCESS_KEY", "ecretAccessKey"}, class: anyBase64, rest: assigned(40, anyBase64)},
		{name: "AWS session token", starts: []string{"IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz"}, class: anyBase64, rest: atLeast(100, anyBase64)},
		{name: "Google API key", starts: []string{"AIza"}, apart: true, class: base64URL, rest: atLeast(35, base64URL)},
		{name: "Google OAuth token", starts: []string{"ya29."}, class: dotted, rest: atLeast(20, dotted)},
		{name: "Slack token", starts: []string{"xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xoxe.xox", "xapp-1-"}, class: dotted, rest: atLeast(10, dotted)},
		{name: "Slack webhook", starts: []string{"hooks.slack.com/"}, class: path, rest: atLeast(30, path)},
		{name: "JSON web token", starts: []string{"eyJ"}, class: dotted, rest: webToken(base64URL, dotted)},
		{name: privateKey, starts: base64Keys(), class: anyBase64, rest: atLeast(40, anyBase64)},
	}
}

// atLeast is n bytes, or more, of the class.
func atLeast(n int, c *class) rest {
	return func(text []byte) (int, verdict) {
		run := c.run(text)
		switch {
		case run >= n:
			return run, yes
		case run == len(text):
			return 0, maybe
		}
		return 0, no
	}
}

// assigned is the same as the value of a name: alone it looks like any digest.
func assigned(n int, c *class) rest {
	between := &class{}
	between.add(" \t\"'\\:=>")
	value := atLeast(n, c)
	return func(text []byte) (int, verdict) {
		gap := between.run(text[:min(len(text), longestGap)])
		if gap == 0 && len(text) > 0 {
			return 0, no
		}
		run, v := value(text[gap:])
		return gap + run, v
	}
}

const (
	// longestGap is how far a value may be from its name.
	longestGap = 10
	// longestHeader is how long the first part of a JSON web token may be.
	longestHeader = 1 << 10
)

// webToken is the rest of a header, and a payload that is a JSON object too. The
// signature is not waited for.
func webToken(part, parts *class) rest {
	return func(text []byte) (int, verdict) {
		header := part.run(text[:min(len(text), longestHeader)])
		v := begins(text[header:], ".eyJ")
		if v == no || header < 10 && header < len(text) {
			return 0, no
		}
		return parts.run(text), v
	}
}

// base64Keys are the starts of private key blocks in base64.
func base64Keys() []string {
	var starts []string
	for _, kind := range []string{"", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "PGP "} {
		start := "-----BEGIN " + kind + "PRIVATE KEY"
		start = start[:len(start)/3*3] // what comes after it changes nothing
		starts = append(starts, base64.StdEncoding.EncodeToString([]byte(start)))
	}
	return starts
}

// inWord tells whether text ends within a word that goes on. The letters that end
// an escape are not of a word: \n, %3D, and a colour of a terminal.
func inWord(text []byte) bool {
	last := func(n int) byte {
		if n > len(text) {
			return 0
		}
		return text[len(text)-n]
	}
	switch {
	case !isWord(last(1)), last(2) == '\\', last(3) == '%':
		return false
	case last(1) == 'm' && (last(2) == '[' || '0' <= last(2) && last(2) <= '9'):
		return false
	}
	return true
}

func isWord(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_'
}

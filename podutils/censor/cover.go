// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"cmp"
	"slices"
)

// cover overwrites secrets, and tokens with a shape, in a text that comes in parts.
type cover struct {
	secrets *Secrets
	tally   *Tally
	// secretTo is where, in the next part, the last secret ends that was found
	// before, whose name is last; negative when it ended earlier.
	secretTo int
	last     string
	// tokenTo is the same for tokens, and open the last one's shape if it may go on there.
	tokenTo int
	open    *shape
	// before are the last bytes, as they were, of the parts before.
	before []byte
	hits   []hit
}

// hit is what was found.
type hit struct {
	start, end int
	pattern    *pattern
}

// next takes what was not done of the parts before, with the next part after it. It
// overwrites what it finds, and returns how much is done. The rest may be the start
// of something, unless nothing comes after it.
func (c *cover) next(text []byte, final bool) (done int) {
	c.goOn(text)
	done = c.find(text, final)
	c.remember(text[max(0, done-lookBehind):done])
	fill(text[:done], 0, max(c.secretTo, c.tokenTo))
	// A secret says more than its shape.
	slices.SortFunc(c.hits, func(a, b hit) int {
		return cmp.Or(a.start-b.start, b.end-a.end, len(b.pattern.text)-len(a.pattern.text))
	})
	for _, h := range c.hits {
		if h.start >= done {
			break // it will be found again
		}
		if h.pattern.shape != nil {
			c.token(h, len(text))
		} else {
			c.secret(h)
		}
		fill(text[:done], h.start, h.end)
	}
	c.secretTo = max(-1, c.secretTo-done)
	c.tokenTo = max(0, c.tokenTo-done)
	return done
}

// remember keeps the last bytes before the next part.
func (c *cover) remember(last []byte) {
	forgotten := max(0, len(c.before)+len(last)-lookBehind)
	c.before = append(c.before[:copy(c.before, c.before[forgotten:])], last...)
}

// goOn finds where the token ends that was open.
func (c *cover) goOn(text []byte) {
	if c.open == nil {
		return
	}
	c.tokenTo += c.open.class.run(text[c.tokenTo:])
	if c.tokenTo < len(text) {
		c.open = nil
	}
}

func (c *cover) secret(h hit) {
	if h.end <= c.secretTo {
		return
	}
	if h.start > c.secretTo || h.pattern.name != c.last {
		c.tally.add(h.pattern.name, 1)
	}
	c.secretTo, c.last = h.end, h.pattern.name
}

func (c *cover) token(h hit, length int) {
	if h.end > c.secretTo {
		c.tally.add(h.pattern.name, 1)
	}
	c.tokenTo = h.end
	if h.end == length {
		c.open = h.pattern.shape
	}
}

func fill(text []byte, from, to int) {
	for i := from; i < min(to, len(text)); i++ {
		text[i] = 'X'
	}
}

// find lists the hits, and returns where the first pattern begins that the text
// ends in.
func (c *cover) find(text []byte, final bool) (hold int) {
	c.hits = c.hits[:0]
	hold = len(text)
	x := &c.secrets.index
	if !final {
		hold -= x.tail(text)
	}
	token := hit{end: c.tokenTo} // the last one, since in it is no other
	for at := x.next(text, 0); at < len(text) && at <= hold+x.lead; at = x.next(text, at+2) {
		for _, place := range x.places[groupAt(text, at)] {
			start := at - place.offset
			shape := place.pattern.shape
			if start < 0 || shape != nil && (token.start <= start && start < token.end || !c.mayBegin(shape, text[:start])) {
				continue
			}
			n, v := place.pattern.match(text[start:])
			switch {
			case v == maybe && !final:
				hold = min(hold, start)
			case v == yes:
				found := hit{start, start + n, place.pattern}
				c.hits = append(c.hits, found)
				if shape != nil {
					token = found
				}
			}
		}
	}
	return c.findShort(text, hold, final)
}

// findShort does the same for secrets that the index does not know.
func (c *cover) findShort(text []byte, hold int, final bool) int {
	if len(c.secrets.short) == 0 {
		return hold
	}
	for start, first := range text[:hold] {
		if !c.secrets.shortStarts[first] {
			continue
		}
		for _, p := range c.secrets.short {
			n, v := p.match(text[start:])
			switch {
			case v == maybe && !final:
				return start
			case v == yes:
				c.hits = append(c.hits, hit{start, start + n, p})
			}
		}
	}
	return hold
}

// lookBehind is how much before a token tells whether it begins there.
const lookBehind = 3

// mayBegin tells whether a token of the shape may be after text.
func (c *cover) mayBegin(shape *shape, text []byte) bool {
	if !shape.apart {
		return true
	}
	if len(text) < lookBehind {
		text = slices.Concat(c.before, text)
	}
	return !inWord(text)
}

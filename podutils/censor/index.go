// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"encoding/binary"
	"slices"
)

// index tells where in a text one of many patterns may be, without looking at all
// of the text for each. Of every pattern it knows a window of four bytes. Wherever
// these are, one of the two groups of three in them begins at an even position. So
// it takes groups of three at even positions only, and most are in no window.
type index struct {
	// known has a bit for the hash of each group in a window. It is as large as the
	// processor's first cache.
	known [1 << hashBits / 64]uint64
	// places are the patterns by the groups in their windows.
	places map[uint32][]place
	// starts are the first bytes of patterns, as long as their window is not whole.
	starts map[string]bool
	// ends are the last bytes of these.
	ends class
	// lead is how long the longest of these are.
	lead int
}

// place says that a group is in a pattern, offset bytes after its start.
type place struct {
	pattern *pattern
	offset  int
}

const (
	window   = 4
	hashBits = 18
	// furthest is where, at most, the window of a pattern begins.
	furthest = 4
)

// add adds a pattern that starts with text.
func (x *index) add(p *pattern, text string) {
	if x.places == nil {
		x.places, x.starts = map[uint32][]place{}, map[string]bool{}
	}
	at := rarest(text)
	for offset := at; offset < at+2; offset++ {
		group := uint32(text[offset]) | uint32(text[offset+1])<<8 | uint32(text[offset+2])<<16
		x.known[hash(group)/64] |= 1 << (hash(group) % 64)
		if here := (place{p, offset}); !slices.Contains(x.places[group], here) {
			x.places[group] = append(x.places[group], here)
		}
	}
	for n := 1; n < at+window; n++ {
		x.starts[text[:n]] = true
		x.ends[text[n-1]] = true
	}
	x.lead = max(x.lead, at+window-1)
}

// rarest chooses the window that ordinary texts have least.
func rarest(text string) (best int) {
	least := commonness(text)
	for at := 1; at <= min(furthest, len(text)-window); at++ {
		if c := commonness(text[at:]); c < least {
			best, least = at, c
		}
	}
	return best
}

// commonness is a guess, by its bytes, of how often there is a window in logs. Those
// in the middle are in both groups.
func commonness(text string) (sum int) {
	for i, weight := range [window]int{1, 2, 2, 1} {
		switch b := text[i]; {
		case 'a' <= b && b <= 'z' || b == ' ':
			sum += 4 * weight
		case '0' <= b && b <= '9' || b == '-' || b == '.' || b == '/':
			sum += 3 * weight
		default:
			sum += weight
		}
	}
	return sum
}

// hash is of the lower three bytes. It spreads by multiplication with the golden ratio.
func hash(group uint32) uint32 { return group << 8 * 0x9e3779b1 >> (32 - hashBits) }

// has tells, in the lowest bit, whether the hash of a group is known.
func (x *index) has(group uint32) uint64 {
	h := hash(group)
	return x.known[h/64] >> (h % 64)
}

// next returns the next of every second position, beginning with at, that has a
// group with a known hash; len(text) when there is none.
func (x *index) next(text []byte, at int) int {
	rest := text[min(at, len(text)):]
	for ; len(rest) >= 10; rest = rest[8:] {
		a := binary.LittleEndian.Uint32(rest)
		b := binary.LittleEndian.Uint32(rest[2:])
		c := binary.LittleEndian.Uint32(rest[4:])
		d := binary.LittleEndian.Uint32(rest[6:])
		if (x.has(a)|x.has(b)|x.has(c)|x.has(d))&1 != 0 {
			break
		}
	}
	for at = len(text) - len(rest); at+3 <= len(text); at += 2 {
		if x.has(groupAt(text, at))&1 != 0 {
			return at
		}
	}
	return len(text)
}

func groupAt(text []byte, at int) uint32 {
	return uint32(text[at]) | uint32(text[at+1])<<8 | uint32(text[at+2])<<16
}

// tail is how much at the end of text is the start of a pattern whose window is
// not in text.
func (x *index) tail(text []byte) int {
	if len(text) == 0 || !x.ends[text[len(text)-1]] {
		return 0
	}
	for n := min(x.lead, len(text)); n > 0; n-- {
		if x.starts[string(text[len(text)-n:])] {
			return n
		}
	}
	return 0
}

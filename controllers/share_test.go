// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	// Seats are written as their holders: "-" is free, "-!" long so, "=" names us
	// from an earlier life, "b?" is b that may be dead, and "a>" is about to be given back.
	read := func(text string) seat {
		s := seat{holder: strings.TrimRight(text, "-!=?>"), own: text == "=", moving: strings.HasSuffix(text, ">")}
		if strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") {
			s.quiet = time.Minute
		}
		return s
	}
	for _, tc := range []struct{ name, seats, waiting, want string }{
		{"alone", "- - - -", "-", "take 1 2 3 4"},
		{"alone, with some", "a a - -", "-", "take 3 4"},
		{"alone, with all", "a a a a", "-", ""},
		{"after a restart under its name", "= = b b", "-", "take 1 2"},
		{"after a restart, with the other's help", "b b - -", "-", "take 3 4, wait"},
		{"somebody has all", "b b b b", "-", "wait"},
		{"somebody has all, and another waits", "b b b b", "c", "wait"},
		{"fair, two", "a b a b", "-", ""},
		{"fair, three", "a b c a", "-", ""},
		{"fair, more than there are seats", "b c d e", "-", ""},
		{"who waits gets the last", "a a a a", "b", "give 4"},
		{"who waits gets another", "a a a b", "b", "give 3"},
		{"who waits has a fair share", "a a b b", "b", ""},
		{"who waits is dead", "a a a a", "b?", ""},
		{"one is on its way", "a a a -", "b", ""},
		{"one is on its way from us", "a a a a>", "b", ""},
		{"the free one is the other's", "a b -", "c", ""},
		{"the free one is ours", "b b -", "-", "take 3, wait"},
		{"of the same number, the first name gets it", "a b -", "-", "take 3"},
		{"of the same number, the other one gets it", "A a -", "-", ""},
		{"each takes one of two", "A a - -", "-", "take 4"},
		{"nobody takes the free one", "a b -!", "c", "take 3"},
		{"of the same number, the first name gives", "a a b b", "c", "give 2"},
		{"of the same number, the other one gives", "A A a a", "c", ""},
		{"another has more", "a a b b b", "c", ""},
		{"a dead one's seats are not counted", "a b? b? b?", "-", ""},
		{"a Prow has one, and waits for nothing", "p a a a", "-", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := table{me: "a", presence: time.Second, patience: time.Second, waiting: read(tc.waiting)}
			for text := range strings.FieldsSeq(tc.seats) {
				at.seats = append(at.seats, read(text))
			}
			m := at.decide()
			var got []string
			if len(m.take) > 0 {
				got = append(got, "take "+strings.Trim(fmt.Sprint(m.take), "[]"))
			}
			if m.give > 0 {
				got = append(got, "give "+string(rune('0'+m.give)))
			}
			if m.wait {
				got = append(got, "wait")
			}
			if got := strings.Join(got, ", "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

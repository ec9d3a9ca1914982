// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// seat is a lease as a replica sees it.
type seat struct {
	// holder is whose it is; empty when it is free.
	holder string
	// quiet is for how long the holder has not renewed it or, when it is free, nobody has taken it.
	quiet time.Duration
	// own says that it is free because it names us, from an earlier life.
	own bool
	// moving says that it is ours, and about to be given back.
	moving bool
}

// table is all that a replica sees.
type table struct {
	me string
	// seats are the controllers' leases.
	seats []seat
	// waiting is the lease of who waits for one.
	waiting seat
	// presence is how long a replica that does not renew counts as being there.
	presence time.Duration
	// patience is how long a free seat is left to who should have it.
	patience time.Duration
}

// move is what a replica is to do; nothing when it is zero.
type move struct {
	// take are the free seats to take, and give is one to give back: indexes, plus one.
	take []int
	give int
	// wait says whether to hold the waiting lease.
	wait bool
}

// decide shares the controllers out. A free seat goes to the replica with the
// fewest. One that could have more says so by the waiting lease; then the one
// with the most gives a seat back, as long as it has two more than the other. So
// the numbers end up equal, or different by one, whoever comes and goes.
//
// Replicas may see different tables for a moment. What they then do is not wrong,
// for only one gets a lease: it is at most put right later.
func (t table) decide() move {
	has := t.count()
	most := slices.Max(slices.Collect(maps.Values(has)))
	m := move{wait: has[t.me]+2 <= most}
	for i, s := range t.seats {
		if s.holder != "" {
			continue
		}
		ours := s.own || s.quiet > t.patience
		if !s.own {
			next := poorest(has)
			has[next]++
			ours = ours || next == t.me
		}
		if ours {
			m.take = append(m.take, i+1)
		}
	}
	if t.settled() && t.gives(has) {
		m.give = t.last() + 1
	}
	return m
}

// count is how many seats each replica has that is there.
func (t table) count() map[string]int {
	has := map[string]int{t.me: 0}
	if t.there(t.waiting) {
		has[t.waiting.holder] = 0
	}
	for _, s := range t.seats {
		switch {
		case s.own:
			has[t.me]++
		case t.there(s):
			has[s.holder]++
		}
	}
	return has
}

func (t table) there(s seat) bool {
	return s.holder != "" && (s.holder == t.me || s.quiet <= t.presence)
}

// settled says that no seat is between replicas.
func (t table) settled() bool {
	return !slices.ContainsFunc(t.seats, func(s seat) bool { return s.holder == "" || s.moving })
}

// gives says whether it is for us to give a seat to who waits: we have the most
// and, of those with as many, the first name.
func (t table) gives(has map[string]int) bool {
	if t.waiting.holder == t.me || !t.there(t.waiting) || has[t.me] < has[t.waiting.holder]+2 {
		return false
	}
	for name, n := range has {
		if n > has[t.me] || n == has[t.me] && name < t.me {
			return false
		}
	}
	return true
}

// last is our last seat.
func (t table) last() int {
	for i, s := range slices.Backward(t.seats) {
		if s.holder == t.me {
			return i
		}
	}
	return -1
}

// poorest is the replica with the fewest seats and, of several, the first name.
func poorest(has map[string]int) string {
	return slices.MinFunc(slices.Collect(maps.Keys(has)), func(a, b string) int {
		return cmp.Or(cmp.Compare(has[a], has[b]), cmp.Compare(a, b))
	})
}

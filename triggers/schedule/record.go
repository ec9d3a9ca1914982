// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Record is what is to be remembered from one look to the next. The zero Record is of none yet.
type Record struct {
	// Worked is up to when all times of cron lines were worked off.
	Worked time.Time

	known map[mark]bool
}

// ParseRecord reads what Text and Marks have written.
func ParseRecord(text string, marks []byte) (Record, error) {
	if text == "" && len(marks) == 0 {
		return Record{}, nil
	}
	worked, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return Record{}, fmt.Errorf("reading the time up to which all was worked off: %w", err)
	}
	if len(marks)%8 != 0 {
		return Record{}, fmt.Errorf("the known jobs are %d bytes, no multiple of 8", len(marks))
	}
	r := Record{Worked: worked.UTC(), known: make(map[mark]bool, len(marks)/8)}
	for m := range slices.Chunk(marks, 8) {
		r.known[mark(binary.BigEndian.Uint64(m))] = true
	}
	return r, nil
}

// Text is Worked as text.
func (r Record) Text() string { return r.Worked.UTC().Format(time.RFC3339Nano) }

// Marks are the jobs with cron lines that were seen up to Worked, 8 bytes each.
func (r Record) Marks() []byte {
	marks := make([]byte, 0, 8*len(r.known))
	for _, m := range slices.Sorted(maps.Keys(r.known)) {
		marks = binary.BigEndian.AppendUint64(marks, uint64(m))
	}
	return marks
}

// since is after when the times of a job with a cron line count: of one that
// was not seen before, those of this minute and later.
func (r Record) since(j *Job, now time.Time) time.Time {
	if j.cron != nil && !r.known[j.mark] {
		return now.Truncate(time.Minute).Add(-time.Nanosecond)
	}
	return r.Worked
}

// with is the record after a look at now: when times were worked off, or jobs
// with cron lines came or went.
func (r Record) with(jobs []Job, fired bool, now time.Time) (next Record, changed bool) {
	known := make(map[mark]bool, len(r.known))
	for i := range jobs {
		if jobs[i].mark != 0 {
			known[jobs[i].mark] = true
		}
	}
	if (!fired && maps.Equal(known, r.known)) || !now.After(r.Worked) {
		return r, false
	}
	return Record{Worked: now, known: known}, true
}

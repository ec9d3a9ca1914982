// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Record is what is to be remembered from one look to the next. The zero Record is of none yet.
type Record struct {
	// Worked is up to when all times of cron lines were worked off.
	Worked time.Time

	known map[mark]bool
}

// The ConfigMap of the record is in the namespace of the ProwJobs.
const (
	// RecordName is its name.
	RecordName = "horologium"
	// workedKey is the key of Worked, in RFC 3339.
	workedKey = "worked"
	// knownKey is the key of the jobs with cron lines that were seen up to then, 8 bytes each.
	knownKey = "known"
)

// RecordIn reads the record in a ConfigMap.
func RecordIn(cm *corev1.ConfigMap) (Record, error) {
	worked, err := time.Parse(time.RFC3339Nano, cm.Data[workedKey])
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", workedKey, err)
	}
	marks := cm.BinaryData[knownKey]
	if len(marks)%8 != 0 {
		return Record{}, fmt.Errorf("%s: %d bytes, no multiple of 8", knownKey, len(marks))
	}
	r := Record{Worked: worked.UTC(), known: make(map[mark]bool, len(marks)/8)}
	for m := range slices.Chunk(marks, 8) {
		r.known[mark(binary.BigEndian.Uint64(m))] = true
	}
	return r, nil
}

// PutIn writes the record into a ConfigMap.
func (r Record) PutIn(cm *corev1.ConfigMap) {
	marks := make([]byte, 0, 8*len(r.known))
	for _, m := range slices.Sorted(maps.Keys(r.known)) {
		marks = binary.BigEndian.AppendUint64(marks, uint64(m))
	}
	cm.Data = map[string]string{workedKey: r.Worked.UTC().Format(time.RFC3339Nano)}
	cm.BinaryData = map[string][]byte{knownKey: marks}
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

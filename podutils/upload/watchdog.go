// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"errors"
	"io"
	"time"
)

// stuckAfter is how long nothing may be read of an object that is being written.
// Not all clients of buckets give up by themselves, and a job does not end before
// its uploads. The slowest network sends in that time what clients buffer.
const stuckAfter = 10 * time.Minute

var errStuck = errors.New("nothing was sent for " + stuckAfter.String())

// dog calls a function when for stuckAfter nobody has read.
type dog struct{ timer *time.Timer }

func watchdog(bark func()) dog { return dog{time.AfterFunc(stuckAfter, bark)} }

// watch returns content, of which each read is noticed.
func (d dog) watch(content io.Reader) io.Reader { return &watched{content, d} }

type watched struct {
	content io.Reader
	dog     dog
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	w.dog.timer.Reset(stuckAfter)
	return w.content.Read(p)
}

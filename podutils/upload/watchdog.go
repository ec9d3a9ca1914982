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

// watched is content of which it is noticed when, for stuckAfter, nobody reads.
type watched struct {
	content io.Reader
	timer   *time.Timer // nil until it matters
}

// start begins to watch; bark is called when nobody reads.
func (w *watched) start(bark func()) { w.timer = time.AfterFunc(stuckAfter, bark) }

func (w *watched) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	if w.timer != nil {
		w.timer.Reset(stuckAfter)
	}
	return w.content.Read(p)
}

// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"go.uber.org/zap"
)

// complainAgain is how often the log has an error that lasts.
const complainAgain = time.Minute

// complaint is about what is tried again and again: of the errors in a row the log has
// the first and then one a minute, so that who looks at its end sees why nothing is done.
type complaint struct {
	first, last time.Time // of the errors; zero when there was none since the last success
}

// about takes note of how a try ended.
func (c *complaint) about(log *zap.SugaredLogger, what string, err error, keys ...any) {
	now := time.Now()
	switch {
	case err == nil:
		*c = complaint{}
	case c.first.IsZero():
		c.first, c.last = now, now
		log.Warnw(what, append(keys, "error", err)...)
	case now.Sub(c.last) >= complainAgain:
		c.last = now
		log.Errorw(what, append(keys, "since", c.first, "error", err)...)
	}
}

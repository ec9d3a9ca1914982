// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"time"
)

// Wait returns when d has passed, or earlier with the error of ctx.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

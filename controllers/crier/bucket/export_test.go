// SPDX-License-Identifier: Apache-2.0

package bucket

import "time"

// LimitLogs sets how long logs may take.
func (r *Reporter) LimitLogs(most time.Duration) { r.logs = most }

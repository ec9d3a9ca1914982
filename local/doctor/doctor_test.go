// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"testing"

	"github.com/cutwater-ci/cutwater/local/doctor"
)

func TestDoctor(t *testing.T) {
	c := newCluster(t)
	t.Run("whole", func(t *testing.T) {
		c.install(t, "whole", nil)
		report, lines := c.examine(t.Context(), t, doctor.Options{Namespace: "whole"})
		for i, f := range report.Findings {
			t.Log(lines[i])
			if f.Level != doctor.OK {
				t.Errorf("not ok: %s", lines[i])
			}
		}
	})
}

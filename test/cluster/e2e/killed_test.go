// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"
	"time"
)

// killed tells how everything that an event goes through is killed in turn, while
// five webhooks a second come, some of them twice. In the end every delivery is
// done, and every job ran once.
func killed(t *testing.T, w *world) {
	w.setSchedules(t, map[string]int{"sweep": 12}, "* * * * *") // five minutes would be longer than this takes
	c := w.gather(t, gathering{name: "killed", pulls: 12, perSecond: 5, tests: 15})
	victims := w.victims()
	c.random.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	for _, v := range victims {
		pause(t, 4*time.Second)
		begun := time.Now()
		missing := v.kill(t)
		c.again(t, 3)
		await(t, v.name+" to be back", missing)
		w.figures.note(t, "killed: "+v.name+" is back after", seconds(time.Since(begun)), "")
	}
	pause(t, 4*time.Second)
	c.disperse(t)
	c.check(t)
}

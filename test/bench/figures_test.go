// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// percentile is the smallest of the figures that p percent of them do not exceed.
func percentile(figures []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(100-n))
	}
	for _, tc := range []struct {
		figures []time.Duration
		p       float64
		want    time.Duration
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{3, 1, 2}, 50, 2},
	} {
		if got := percentile(tc.figures, tc.p); got != tc.want {
			t.Errorf("%v%% of %d figures: got %d, want %d", tc.p, len(tc.figures), got, tc.want)
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// logLoad notes how busy the machine is, which is what makes figures comparable.
func logLoad(b *testing.B) {
	b.Helper()
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("load of the machine: %s", strings.TrimSpace(string(load)))
}

// pause lets time pass, unless the benchmark ends.
func pause(b *testing.B, d time.Duration) {
	b.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.Context().Done():
		b.Fatal(b.Context().Err())
	}
}

// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How far clocks may differ: from far on, signatures of S3 and of GitHub Apps fail.
const (
	near = 30 * time.Second
	far  = 5 * time.Minute
)

// dates is by how much the clocks of others are ahead of ours.
type dates struct {
	now func() time.Time

	mu    sync.Mutex
	ahead map[string]time.Duration
}

// saw keeps by how much a clock is ahead.
func (d *dates) saw(whose string, ahead time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ahead == nil {
		d.ahead = map[string]time.Duration{}
	}
	d.ahead[whose] = ahead
}

// of makes a transport note the Date of answers.
func (d *dates) of(whose string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return dated{d, whose, next} }
}

type dated struct {
	dates *dates
	whose string
	next  http.RoundTripper
}

// RoundTrip sends the request.
func (t dated) RoundTrip(request *http.Request) (*http.Response, error) {
	begin := t.dates.now()
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		end := t.dates.now()
		half := begin.Add(end.Sub(begin) / 2)
		t.dates.saw(t.whose, date.Add(time.Second/2).Sub(half)) // it is in whole seconds
	}
	return response, nil
}

// WrappedRoundTripper has client-go find the one that can cancel requests.
func (t dated) WrappedRoundTripper() http.RoundTripper { return t.next }

// checkClocks compares what the others said with our clock.
func checkClocks(_ context.Context, p *patient) []Finding {
	p.dates.mu.Lock()
	defer p.dates.mu.Unlock()
	names := slices.Sorted(maps.Keys(p.dates.ahead))
	if len(names) == 0 {
		return notChecked("nobody told the time")
	}
	var found []Finding
	fast, slow := 0, 0
	for _, whose := range names {
		ahead := p.dates.ahead[whose]
		switch {
		case ahead > near:
			fast++
		case ahead < -near:
			slow++
		default:
			continue
		}
		found = append(found, differs("the clock of "+whose, ahead, "this machine's"))
	}
	if all := len(names); all > 1 && (fast == all || slow == all) {
		return []Finding{differs("this machine's clock", -p.dates.ahead[names[0]], "the clocks of "+enumerate(names))}
	}
	return orOK(found, "this machine's agrees with %s", enumerate(names))
}

// differs is that a clock is ahead of others, or behind them.
func differs(whose string, ahead time.Duration, others string) Finding {
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	difference := ahead.Abs().Round(10 * time.Second)
	if difference > far {
		return problem("%s is about %v %s %s: signatures of S3 and of GitHub Apps fail", whose, difference, way, others).mend("set it by NTP")
	}
	return warning("%s is about %v %s %s", whose, difference, way, others).mend("set it by NTP")
}

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

// checkClocks compares what the others said with our clock.
func checkClocks(_ context.Context, p *patient) []Finding {
	p.dates.mu.Lock()
	defer p.dates.mu.Unlock()
	var found []Finding
	names := slices.Sorted(maps.Keys(p.dates.ahead))
	for _, whose := range names {
		ahead := p.dates.ahead[whose]
		way := "ahead of"
		if ahead < 0 {
			way = "behind"
		}
		switch difference := ahead.Abs().Round(time.Second); {
		case difference > far:
			found = append(found, problem("the clock of %s is %v %s this machine's: signatures of S3 and of GitHub Apps fail", whose, difference, way).
				mend("set the clock that is wrong, by NTP"))
		case difference > near:
			found = append(found, warning("the clock of %s is %v %s this machine's", whose, difference, way).mend("set the clock that is wrong, by NTP"))
		}
	}
	if len(names) == 0 {
		return notChecked("nobody told the time")
	}
	return orOK(found, "this machine's agrees with %s", enumerate(names))
}

// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// entry is a run for tests of limits: "name job max queue second".
func entry(t *testing.T, line string, state prowv1.ProwJobState) *prowv1.ProwJob {
	t.Helper()
	pj := job(state)
	var second int
	queue := ""
	if _, err := fmt.Sscan(line, &pj.Name, &pj.Spec.Job, &pj.Spec.MaxConcurrency, &queue, &second); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if queue != "-" {
		pj.Spec.JobQueueName = queue
	}
	pj.Status.StartTime = metav1.Unix(int64(second), 0)
	return pj
}

// TestLimits plays scripts. "run" makes a triggered run, "pending" and "end"
// are what the informer shows, "pod" that a pod was seen or may be there; "ask" asks for a
// place and "ready" lists who may ask again.
func TestLimits(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		settings     Settings
	}{
		{name: "no limits", script: `
			run a unit 0 - 1
			run b unit 0 - 2
			ask b: yes
			ask a: yes`},
		{name: "one at a time, oldest first", script: `
			run b unit 1 - 2
			run a unit 1 - 1
			ask b: no
			ask a: yes
			ask a: yes
			ready:
			pending a
			ask b: no
			end a: freed
			ready: b
			ask b: yes`},
		{name: "a place is taken before the informer shows it", script: `
			run a unit 1 - 1
			run b unit 1 - 2
			ask a: yes
			ask b: no
			run a unit 1 - 1
			ask b: no`},
		{name: "a place is given back", script: `
			run a unit 1 - 1
			run b unit 1 - 2
			ask a: yes
			release a
			ask b: no
			ask a: yes
			pending a
			release a
			ask b: no`},
		{name: "a waiting run that ends lets others through", script: `
			run a unit 1 - 1
			run b unit 1 - 2
			ask b: no
			end a: freed
			ready: b`},
		{name: "max two of one job, other jobs do not matter", script: `
			run x other 1 - 0
			run a unit 2 - 1
			run b unit 2 - 2
			run c unit 2 - 3
			ask x: yes
			ask c: no
			ask b: yes
			ask a: yes
			end b: freed
			ready: c`},
		{name: "a draw is settled by name", script: `
			run b unit 1 - 1
			run a unit 1 - 1
			ask b: no
			ask a: yes`},
		{name: "a pod that was made before a restart holds a place", settings: Settings{MaxConcurrency: 1}, script: `
			run a unit 0 - 1
			run b unit 0 - 2
			pod b
			ask a: no
			ask b: yes
			end b: freed
			ready: a`},
		{name: "a place is not given back when there may be a pod", settings: Settings{MaxConcurrency: 1}, script: `
			run a unit 0 - 1
			run b unit 0 - 2
			ask a: yes
			pod a
			release a
			ask b: no
			end a: freed
			ask b: yes
			release b
			run c unit 0 - 3
			ask c: yes`},
		{name: "global limit counts pending runs only, and wakes in order", settings: Settings{MaxConcurrency: 2}, script: `
			run a unit 0 - 1
			run b unit 0 - 2
			run c unit 0 - 3
			run d unit 0 - 4
			ask d: yes
			ask c: yes
			ask b: no
			ask a: no
			end d: freed
			ready: a
			end c: freed
			ready: a b`},
		{name: "a run without a place of its own job does not hold up others", settings: Settings{MaxConcurrency: 2}, script: `
			run a unit 1 - 1
			run b unit 1 - 2
			run c other 0 - 3
			ask a: yes
			ask b: no
			ask c: yes
			end c: freed
			ready:
			end a: freed
			ready: b`},
		{name: "queues", settings: Settings{QueueCapacities: map[string]int{"small": 1, "closed": 0, "open": -1}}, script: `
			run a unit 0 small 1
			run b other 0 small 2
			run c unit 0 closed 3
			run d unit 0 open 4
			ask b: no
			ask a: yes
			ask c: no
			ask d: yes
			end a: freed
			ready: b`},
		{name: "a queue that is not configured", script: `
			run a unit 0 lost 1
			ask a: error job queue "lost" is not among plank.job_queue_capacities`},
		{name: "a run that is gone", script: `
			ask a: no
			end a:`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLimits()
			known := map[string]*prowv1.ProwJob{}
			for line := range strings.SplitSeq(strings.TrimSpace(tc.script), "\n") {
				line = strings.TrimSpace(line)
				if got := play(t, l, known, line, tc.settings); got != line {
					t.Errorf("want %q, got %q", line, got)
				}
			}
		})
	}
}

// play does what a line of a script says and returns the line with the answer it got.
func play(t *testing.T, l *limits, known map[string]*prowv1.ProwJob, line string, s Settings) string {
	t.Helper()
	command, _, _ := strings.Cut(line, ":")
	verb, rest, _ := strings.Cut(command, " ")
	answer := ""
	switch verb {
	case "run":
		pj := entry(t, rest, prowv1.TriggeredState)
		known[pj.Name] = pj
		l.observe(pj, false)
		return line
	case "pending":
		pj := known[rest].DeepCopy()
		pj.Status.State = prowv1.PendingState
		l.observe(pj, true)
		return line
	case "pod":
		l.podSeen(rest)
		return line
	case "release":
		l.release(rest)
		return line
	case "end":
		pj := job(prowv1.SuccessState, complete)
		pj.Name = rest
		if l.observe(pj, true) {
			answer = "freed"
		}
	case "ask":
		ok, err := l.admit(rest, s)
		answer = map[bool]string{true: "yes", false: "no"}[ok]
		if err != nil {
			answer = "error " + err.Error()
		}
	case "ready":
		answer = strings.Join(l.ready(s), " ")
	default:
		t.Fatalf("no such command: %q", line)
	}
	return strings.TrimSpace(command + ": " + answer)
}

// TestLimitsAreNeverExceeded plays many random scripts against the definition.
func TestLimitsAreNeverExceeded(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		settings := Settings{MaxConcurrency: random.IntN(5), QueueCapacities: map[string]int{"q": random.IntN(4) - 1}}
		l := newLimits()
		var waiting, holding []*prowv1.ProwJob
		for i := range 100 {
			switch random.IntN(3) {
			case 0:
				queue := []string{"-", "q"}[random.IntN(2)]
				pj := entry(t, fmt.Sprintf("run%d job%d %d %s %d", i, random.IntN(2), random.IntN(3), queue, random.IntN(50)), prowv1.TriggeredState)
				waiting = append(waiting, pj)
				l.observe(pj, false)
			case 1:
				if len(waiting) == 0 {
					continue
				}
				at := random.IntN(len(waiting))
				pj := waiting[at]
				want := allowed(pj, waiting, holding, settings)
				if got, err := l.admit(pj.Name, settings); got != want || err != nil {
					t.Fatalf("seed %d, step %d: admit(%s) = %v, %v, want %v", seed, i, pj.Name, got, err, want)
				}
				if want {
					waiting = slices.Delete(waiting, at, at+1)
					holding = append(holding, pj)
				}
			case 2:
				if len(holding) == 0 {
					continue
				}
				at := random.IntN(len(holding))
				if !l.forget(holding[at].Name) {
					t.Fatalf("seed %d, step %d: forgetting %s freed nothing", seed, i, holding[at].Name)
				}
				holding = slices.Delete(holding, at, at+1)
			}
			if diff := cmp.Diff([]int{len(holding), len(waiting)}, []int{l.all.held, len(l.all.waiting)}); diff != "" {
				t.Fatalf("seed %d, step %d: places held and waited for (-want +got):\n%s", seed, i, diff)
			}
		}
	}
}

// allowed is the definition of the limits, by counting.
func allowed(pj *prowv1.ProwJob, waiting, holding []*prowv1.ProwJob, s Settings) bool {
	before := func(other *prowv1.ProwJob) bool {
		c := other.Status.StartTime.Compare(pj.Status.StartTime.Time)
		return c < 0 || c == 0 && other.Name < pj.Name
	}
	sameJob, sameQueue := 0, 0
	count := func(other *prowv1.ProwJob) {
		if other.Spec.Job == pj.Spec.Job {
			sameJob++
		}
		if other.Spec.JobQueueName == pj.Spec.JobQueueName {
			sameQueue++
		}
	}
	for _, other := range holding {
		count(other)
	}
	for _, other := range waiting {
		if before(other) {
			count(other)
		}
	}
	capacity := s.QueueCapacities["q"]
	return (s.MaxConcurrency == 0 || len(holding) < s.MaxConcurrency) &&
		(pj.Spec.MaxConcurrency == 0 || sameJob < pj.Spec.MaxConcurrency) &&
		(pj.Spec.JobQueueName == "" || capacity < 0 || sameQueue < capacity)
}

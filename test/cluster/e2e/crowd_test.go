// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
)

// crowd are people who open pull requests, and comment on them while something
// else happens. In the end nothing of what they did is lost, and nothing was done
// twice: see check.
type crowd struct {
	*world

	name   string
	box    *inbox.Inbox
	seed   uint64
	first  int // deliveries that there had been before
	pulls  []forge.Made
	tests  int         // how often the job was asked for, pulls themselves not counted
	help   map[int]int // how often help was asked for, by pull
	leave  func() int
	random *rand.Rand // for what is not a comment
}

// gathering says what a crowd does.
type gathering struct {
	name      string
	pulls     int
	perSecond int // comments
	// tests is how many comments there are for one that asks for a job.
	tests int
}

// gather has a crowd open its pulls, and comment until it is dispersed. What it
// says is chosen by CUTWATER_SEED, which is printed.
func (w *world) gather(t *testing.T, g gathering) *crowd {
	t.Helper()
	c := &crowd{world: w, name: g.name, box: w.inbox(t), seed: uint64(time.Now().UnixNano()), help: map[int]int{}}
	if given := os.Getenv("CUTWATER_SEED"); given != "" {
		var err error
		if c.seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("CUTWATER_SEED: %v", err)
		}
	}
	t.Logf("CUTWATER_SEED=%d", c.seed)
	c.random = rand.New(rand.NewPCG(c.seed, 1))
	all, err := w.forge.Deliveries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.first = len(all)
	for range g.pulls {
		c.pulls = append(c.pulls, w.openPull(t, g.name))
	}
	random := rand.New(rand.NewPCG(c.seed, 2))
	c.leave = w.load(t, g.perSecond, func(int) (github.Issue, string) {
		pull := c.pulls[random.IntN(len(c.pulls))].Pull
		return pull, c.say(pull.Number, g.tests, random)
	})
	return c
}

const (
	testUnit = "/test unit"
	testHelp = "/test ?"
)

// say is what somebody says about a pull.
func (c *crowd) say(pull, tests int, random *rand.Rand) string {
	if random.IntN(tests) == 0 {
		c.tests++
		return testUnit
	}
	switch random.IntN(12) {
	case 0:
		c.help[pull]++
		return testHelp
	case 1:
		return "/hold"
	case 2:
		return "/hold cancel"
	}
	return "Looks good to me."
}

// disperse ends the comments, and says how many there were.
func (c *crowd) disperse(t *testing.T) {
	t.Helper()
	t.Logf("%d comments, of which %d asked for the job", c.leave(), c.tests)
}

// deliveries are what GitHub sent since the crowd came together.
func (c *crowd) deliveries(t *testing.T) []githubtest.Delivery {
	t.Helper()
	all, err := c.forge.Deliveries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[c.first:]
}

// again has GitHub send some deliveries twice, as it does now and then.
func (c *crowd) again(t *testing.T, times int) {
	t.Helper()
	all := c.deliveries(t)
	for range times {
		if err := c.forge.Redeliver(t.Context(), all[c.random.IntN(len(all))].GUID); err != nil {
			t.Fatal(err)
		}
	}
}

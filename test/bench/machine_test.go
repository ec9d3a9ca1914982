// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/mesh"
	"github.com/cutwater-ci/cutwater/local/up"
)

// patience is how long a benchmark waits for the next thing to happen.
const patience = 5 * time.Minute

// machine is Cutwater on this machine, functions and controller as processes
// of their own, with one repository whose pull requests nobody has tested yet.
type machine struct {
	*up.Machine
	repo github.Repo
}

// newMachine brings it up with static jobs for its repository, and opens pulls
// by a stranger, so that nothing runs before somebody comments.
func newMachine(b *testing.B, jobs string, pulls int, starter mesh.Starter) *machine {
	b.Helper()
	dir := b.TempDir()
	m, err := up.Start(b.Context(), up.Options{
		State: filepath.Join(dir, "state"), Programs: programs(), Progress: os.Stderr, Starter: starter,
		Jobs: filepath.Dir(write(b, dir, "jobs/jobs.yaml", jobs)),
		// All jobs are in the configuration; those in repositories cost a fetch more.
		Config: write(b, dir, "config.yaml", "in_repo_config: {enabled: {'*': false}}\n"),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Stop)
	found := &machine{Machine: m, repo: github.Repo{Org: "cutwater", Name: "bench"}}
	if err := m.Forge.AddRepository(b.Context(), found.repo, map[string]string{"README": "A repository.\n"}); err != nil {
		b.Fatal(err)
	}
	for n := range pulls {
		if _, err := m.Forge.Open(b.Context(), up.Stranger, found.repo, fmt.Sprint("change-", n), map[string]string{"n.txt": fmt.Sprint(n)}); err != nil {
			b.Fatal(err)
		}
	}
	found.settle(b)
	return found
}

// settle waits until every delivery was taken and finished.
func (m *machine) settle(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := m.Forge.Drain(ctx); err != nil {
			b.Fatal(err)
		}
		pending, err := os.ReadDir(filepath.Join(m.Bucket, "inbox", "pending"))
		if err == nil && len(pending) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.Fatalf("%d deliveries are pending (%v)", len(pending), err)
		}
	}
}

// say comments as a member of the organisation.
func (m *machine) say(ctx context.Context, number int, text string) error {
	return m.Forge.Say(ctx, up.Member, m.issue(number), text)
}

func (m *machine) issue(number int) github.Issue {
	return github.Issue{Org: m.repo.Org, Repo: m.repo.Name, Number: number}
}

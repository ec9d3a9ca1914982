// SPDX-License-Identifier: Apache-2.0

package check

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/sets"
)

// universe is two orgs; a repo of the name "any" stands for those that nobody names.
func universe() []string {
	return []string{"a/1", "a/2", "a/any", "b/1", "b/2", "b/any"}
}

// randomSet is any set of the universe, built in any order.
func randomSet(random *rand.Rand) repoSet {
	s := newRepoSet()
	for range random.IntN(5) {
		org := []string{"a", "b"}[random.IntN(2)]
		if repo := org + "/" + []string{"1", "2"}[random.IntN(2)]; random.IntN(2) == 0 {
			s.addRepo(repo)
		} else {
			s.addOrg(org, sets.New(repo))
		}
	}
	return s
}

// What is in a set that is made of others is what its name says.
func TestRepoSets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := randomSet(random), randomSet(random)
		both, left, all := a.and(b), a.minus(b), newRepoSet()
		all.addAll(a)
		all.addAll(b)
		for _, repo := range universe() {
			inA, inB := a.has(repo), b.has(repo)
			if both.has(repo) != (inA && inB) || left.has(repo) != (inA && !inB) || all.has(repo) != (inA || inB) {
				t.Fatalf("%s: a %v, b %v, and %v, minus %v, all %v", repo, a, b, both, left, all)
			}
		}
	}
}

func TestRepoItems(t *testing.T) {
	s := newRepoSet()
	s.addOrg("org", sets.New("org/b", "org/a", "org/named"))
	s.addRepo("org/named")
	s.addRepo("other/repo")
	var got []string
	for _, item := range s.items() {
		got = append(got, item.String())
	}
	want := []string{"org (without org/a, org/b)", "org/named", "other/repo"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

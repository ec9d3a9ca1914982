// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// toldErrors is how many errors of a kind are told in full.
const toldErrors = 5

// tally is how the cleaning of one kind of object goes.
type tally struct {
	mu       sync.Mutex
	existing int
	done     map[reason]int
	failed   map[string]int // by what Kubernetes calls the error
	errs     []error        // the first few
}

func newTally() *tally { return &tally{done: map[reason]int{}, failed: map[string]int{}} }

func (t *tally) found(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.existing += n
}

// add counts a deletion that was tried.
func (t *tally) add(why reason, err error, what string) {
	switch {
	case err == nil:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.done[why]++
	case !vanished(err):
		t.fail(err, what)
	}
}

// fail counts a request that failed, by what Kubernetes calls the error.
func (t *tally) fail(err error, what string) {
	t.count(cmp.Or(string(apierrors.ReasonForError(err)), "Unknown"), fmt.Errorf("%s: %w", what, err))
}

func (t *tally) count(kind string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed[kind]++
	if len(t.errs) < toldErrors {
		t.errs = append(t.errs, err)
	}
}

// err returns an error when something failed.
func (t *tally) err(what string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	failed := 0
	for _, n := range t.failed {
		failed += n
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d requests about %s failed, among them: %w", failed, what, errors.Join(t.errs...))
}

// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// watchPrefix is below which each owner of webhooks (the app, an org, a repository)
// has a record.
const watchPrefix = "inbox/webhooks/"

// Watch is up to where GitHub's record of an owner's deliveries has been looked at.
type Watch struct {
	// Listed is when the owner was last asked which webhooks it has.
	Listed time.Time `json:"listed,omitzero"`
	// Seen are the owner's webhooks, by path in GitHub's API, each with the time of
	// the last delivery that was looked at; zero for none.
	Seen map[string]time.Time `json:"seen,omitempty"`
	// Refused says that we may not look at them.
	Refused bool `json:"refused,omitempty"`
}

// Equal reports whether both say the same.
func (w Watch) Equal(other Watch) bool {
	return w.Listed.Equal(other.Listed) && w.Refused == other.Refused && maps.EqualFunc(w.Seen, other.Seen, time.Time.Equal)
}

// Watch returns the owner's record, as a path of GitHub's API; it is empty when there
// is none yet.
func (i *Inbox) Watch(ctx context.Context, owner string) (Watch, error) {
	data, err := i.bucket.Read(ctx, watchPrefix+owner)
	if errors.Is(err, blob.ErrNotFound) {
		return Watch{}, nil
	}
	if err != nil {
		return Watch{}, err
	}
	var w Watch
	if err := json.Unmarshal(data, &w); err != nil {
		return Watch{}, fmt.Errorf("reading %s%s: %w", watchPrefix, owner, err)
	}
	return w, nil
}

// SetWatch writes the owner's record.
func (i *Inbox) SetWatch(ctx context.Context, owner string, w Watch) error {
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return i.bucket.Write(ctx, watchPrefix+owner, data, jsonObject())
}

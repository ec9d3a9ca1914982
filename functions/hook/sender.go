// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"errors"
	"fmt"

	"github.com/cutwater-ci/cutwater/internal/event"
)

// sender sends events to the sink.
type sender interface {
	Send(ctx context.Context, ev event.Event) error
}

func newSender(sink string) (sender, error) {
	if sink == "" {
		return unbound{}, nil
	}
	s, err := event.NewSender(sink, event.SenderOptions{})
	if err != nil {
		return nil, fmt.Errorf("K_SINK: %w", err)
	}
	return s, nil
}

// unbound is there until Knative's SinkBinding has set the sink. When Cutwater is
// installed that is after the first pod has started; what comes meanwhile is
// stored, and left to the sweep. A process that refused to start would be started
// again and again, for ten minutes, by Knative.
type unbound struct{}

var errUnbound = errors.New("K_SINK is not set, so there is nowhere to send to: is the SinkBinding hook ready?")

func (unbound) Send(context.Context, event.Event) error { return errUnbound }

// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
)

// rung is a PingSource that is honoured.
type rung struct {
	source *sourcesv1.PingSource
	sink   string
	stop   context.CancelFunc
}

// startPingSource sends an event whenever the schedule says so. As Knative's
// it gives a failing sink up soon: what is due is worked out by the function,
// so a lost tick is made up by the next.
func (m *Mesh) startPingSource(ctx context.Context, source *sourcesv1.PingSource) error {
	sink, err := m.address(source.Namespace, source.Spec.Sink)
	if err != nil {
		return err
	}
	zone := source.Spec.Timezone
	if zone == "" {
		zone = "UTC"
	}
	schedule, err := cron.ParseStandard("CRON_TZ=" + zone + " " + source.Spec.Schedule)
	if err != nil {
		return fmt.Errorf("schedule %q: %w", source.Spec.Schedule, err)
	}
	changed, stop := context.WithCancel(ctx)
	m.mu.Lock()
	m.rung[key(source.Namespace, source.Name)] = &rung{source: source, sink: sink, stop: stop}
	m.mu.Unlock()
	m.work.Go(func() error {
		defer stop()
		for {
			timer := time.NewTimer(time.Until(schedule.Next(time.Now())))
			select {
			case <-changed.Done():
				timer.Stop()
				return nil
			case <-timer.C:
			}
			// What has begun ends well, also when the source is changed meanwhile.
			if err := ping(ctx, source, sink); err != nil && ctx.Err() == nil {
				m.opts.Log.Warnw("Ringing a ping source", "source", source.Name, zap.Error(err))
			}
		}
	})
	return nil
}

// ping sends one event, in HTTP's binary mode.
func ping(ctx context.Context, source *sourcesv1.PingSource, sink string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, sink, bytes.NewBufferString(source.Spec.Data))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"Ce-Specversion": "1.0",
		"Ce-Type":        sourcesv1.PingSourceEventType,
		"Ce-Source":      sourcesv1.PingSourceSource(source.Namespace, source.Name),
		"Ce-Id":          uuid.NewString(),
		"Content-Type":   source.Spec.ContentType,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode >= 300 {
		return fmt.Errorf("the sink answered %s", response.Status)
	}
	return nil
}

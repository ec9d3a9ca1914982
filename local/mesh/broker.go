// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/hashicorp/go-retryablehttp"
	"go.uber.org/zap"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/eventfilter"
	"knative.dev/eventing/pkg/eventfilter/attributes"
	"knative.dev/eventing/pkg/eventfilter/subscriptionsapi"
	"knative.dev/eventing/pkg/kncloudevents"
)

// maxEventSize bounds an event, in bytes. Bigger bodies travel by dataref.
const maxEventSize = 1 << 20

// deliveriesAtOnce bounds how many deliveries of one Trigger are under way, so
// that a burst of events waits in the broker instead of in sockets.
const deliveriesAtOnce = 50

// broker takes events and hands each to every Trigger whose filter it passes.
// As Knative's in-memory broker it answers before it has delivered, and loses
// what it holds when it ends; the inbox is what makes that harmless.
type broker struct {
	triggers []*trigger
	// begin runs a delivery in the background until it is done.
	begin func(func(context.Context))
	log   *zap.SugaredLogger
}

// trigger is a Trigger, ready to deliver.
type trigger struct {
	name    string
	filter  eventfilter.Filter
	client  *retryablehttp.Client
	address string
	// deadLetters is where events go that the address did not take; empty for nowhere.
	deadLetters string
	slots       chan struct{}
}

func (m *Mesh) startBroker(ctx context.Context, namespace, name string) error {
	b := &broker{log: m.opts.Log}
	b.begin = func(deliver func(context.Context)) {
		m.work.Go(func() error { deliver(ctx); return nil })
	}
	for _, t := range m.opts.Manifests.Triggers {
		if t.Namespace != namespace || t.Spec.Broker != name {
			continue
		}
		ready, err := m.newTrigger(t)
		if err != nil {
			return fmt.Errorf("trigger %s: %w", t.Name, err)
		}
		b.triggers = append(b.triggers, ready)
	}
	m.serve(ctx, key(namespace, "broker/"+name), b)
	return nil
}

func (m *Mesh) newTrigger(t *eventingv1.Trigger) (*trigger, error) {
	address, err := m.address(t.Namespace, t.Spec.Subscriber)
	if err != nil {
		return nil, err
	}
	ready := &trigger{name: t.Name, address: address, slots: make(chan struct{}, deliveriesAtOnce), filter: subscriptionsapi.NewNoFilter()}
	if t.Spec.Filter != nil {
		ready.filter = attributes.NewAttributesFilter(t.Spec.Filter.Attributes)
	}
	if len(t.Spec.Filters) > 0 { // where both are given, these win
		ready.filter = subscriptionsapi.CreateSubscriptionsAPIFilters(m.opts.Log.Desugar(), t.Spec.Filters)
	}
	retry := kncloudevents.NoRetries()
	if t.Spec.Delivery != nil {
		if retry, err = kncloudevents.RetryConfigFromDeliverySpec(*t.Spec.Delivery); err != nil {
			return nil, err
		}
		if sink := t.Spec.Delivery.DeadLetterSink; sink != nil {
			if ready.deadLetters, err = m.address(t.Namespace, *sink); err != nil {
				return nil, err
			}
		}
	}
	ready.client = retryablehttp.NewClient()
	ready.client.Logger = nil
	ready.client.RetryMax = retry.RetryMax
	ready.client.CheckRetry = retryablehttp.CheckRetry(retry.CheckRetry)
	ready.client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	ready.client.HTTPClient = &http.Client{Timeout: retry.RequestTimeout}
	ready.client.Backoff = func(_, _ time.Duration, attempt int, response *http.Response) time.Duration {
		return retry.Backoff(attempt+1, response)
	}
	return ready, nil
}

// ServeHTTP accepts one event.
func (b *broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventSize))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	header := r.Header.Clone()
	event, err := binding.ToEvent(r.Context(), cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(body))))
	if err == nil {
		err = event.Validate()
	}
	if err != nil {
		http.Error(w, "not a CloudEvent: "+err.Error(), http.StatusBadRequest)
		return
	}
	for _, t := range b.triggers {
		if t.filter.Filter(r.Context(), *event) != eventfilter.FailFilter {
			b.begin(func(ctx context.Context) { b.deliver(ctx, t, *event, header, body) })
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// deliver sends an event as it came, and again as the Trigger says.
func (b *broker) deliver(ctx context.Context, t *trigger, event cloudevents.Event, header http.Header, body []byte) {
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-ctx.Done():
		return
	}
	log := b.log.With("trigger", t.name, "event", event.ID(), "type", event.Type())
	code, err := t.post(ctx, t.address, header, body)
	if ctx.Err() != nil || err == nil && code < 300 {
		return
	}
	log.Warnw("Giving an event up", "code", code, zap.Error(err))
	if t.deadLetters == "" {
		return
	}
	header = header.Clone()
	header.Set("Ce-Knativeerrordest", t.address)
	if code > 0 {
		header.Set("Ce-Knativeerrorcode", strconv.Itoa(code))
	}
	if code, err := t.post(ctx, t.deadLetters, header, body); err != nil || code >= 300 {
		log.Errorw("The dead letter sink did not take an event", "code", code, zap.Error(err))
	}
}

// post sends an event, again as the Trigger says, and returns the last answer's
// code, 0 if there was none.
func (t *trigger) post(ctx context.Context, to string, header http.Header, body []byte) (int, error) {
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, to, body)
	if err != nil {
		return 0, err
	}
	request.Header = header.Clone()
	request.Header.Del("Content-Length")
	response, err := t.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

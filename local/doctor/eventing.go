// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"slices"

	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
)

// checkBroker looks whether events have a place to go to.
func checkBroker(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.brokers); blind != nil {
		return blind
	}
	var found []Finding
	var names []string
	for _, want := range p.want.Brokers {
		names = append(names, want.Name)
		switch b := byName(p.brokers.Items, want.Name); {
		case b == nil:
			found = append(found, problem("the Broker %s is not there", want.Name).mend(applyAgain))
		case unready(&b.Status) != "":
			found = append(found, problem("the Broker %s is not ready: %s", b.Name, unready(&b.Status)).mend("%s", p.describe("broker", b.Name)))
		}
	}
	return orOK(found, "%s is ready", enumerate(names))
}

// checkTriggers looks whether events reach who wants them, those of others too,
// and where what could not be delivered goes.
func checkTriggers(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.triggers); blind != nil {
		return blind
	}
	var found []Finding
	var names []string
	for _, want := range p.want.Triggers {
		names = append(names, want.Name)
		if byName(p.triggers.Items, want.Name) == nil {
			found = append(found, problem("the Trigger %s is not there", want.Name).mend(applyAgain))
		}
	}
	for i := range p.triggers.Items {
		t := &p.triggers.Items[i]
		if !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
		if reason := unready(&t.Status); reason != "" {
			found = append(found, problem("the Trigger %s is not ready: %s", t.Name, reason).mend("%s", p.describe("trigger", t.Name)))
		} else if !p.hasDeadLetterSink(t) {
			found = append(found, warning("the Trigger %s has no dead letter sink: what it gives up nobody sees", t.Name).mend("set spec.delivery.deadLetterSink of it, or of the Broker %s", t.Spec.Broker))
		}
	}
	return orOK(found, "%s: ready, with a dead letter sink", enumerate(names))
}

// hasDeadLetterSink reports whether the Trigger, or else its Broker, has one.
func (p *patient) hasDeadLetterSink(t *eventingv1.Trigger) bool {
	if t.Status.DeadLetterSinkURI != nil || t.Spec.Delivery != nil && t.Spec.Delivery.DeadLetterSink != nil {
		return true
	}
	b := byName(p.brokers.Items, t.Spec.Broker)
	return b != nil && b.Spec.Delivery != nil && b.Spec.Delivery.DeadLetterSink != nil
}

// checkSources looks whether hook knows the broker, and whether the clock's
// events come.
func checkSources(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.bindings, &p.pings); blind != nil {
		return blind
	}
	var found []Finding
	look := func(kind, name string, there bool, status func() conditioned) {
		if !there {
			found = append(found, problem("the %s %s is not there", kind, name).mend(applyAgain))
		} else if reason := unready(status()); reason != "" {
			found = append(found, problem("the %s %s is not ready: %s", kind, name, reason).mend("%s", p.describe(kind, name)))
		}
	}
	for _, want := range p.want.SinkBindings {
		b := byName(p.bindings.Items, want.Name)
		look("SinkBinding", want.Name, b != nil, func() conditioned { return &b.Status })
	}
	for _, want := range p.want.PingSources {
		s := byName(p.pings.Items, want.Name)
		look("PingSource", want.Name, s != nil, func() conditioned { return &s.Status })
	}
	for i := range p.pings.Items { // also those that the controller keeps for periodics
		s := &p.pings.Items[i]
		if !slices.ContainsFunc(p.want.PingSources, func(w *sourcesv1.PingSource) bool { return w.Name == s.Name }) {
			look("PingSource", s.Name, true, func() conditioned { return &s.Status })
		}
	}
	return orOK(found, "%s and %s are ready", count(len(p.bindings.Items), "SinkBinding", "SinkBindings"), count(len(p.pings.Items), "PingSource", "PingSources"))
}

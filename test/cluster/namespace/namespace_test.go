// SPDX-License-Identifier: Apache-2.0

package namespace

import "testing"

// The addresses of nodes, pods and Services are apart, and the default route is
// the node's network.
func TestDefault(t *testing.T) {
	a := Default()
	if a.Node.Overlaps(a.Pods) || a.Pods.Overlaps(a.Services) || a.Services.Overlaps(a.Node) {
		t.Errorf("%+v overlap", a)
	}
	if !a.Node.Contains(a.Gateway) || a.Gateway == a.Node.Addr() {
		t.Errorf("the gateway %s is not a neighbour of the node %s", a.Gateway, a.Node)
	}
	if got := a.APIService().String(); got != "10.96.0.1" {
		t.Errorf("the API server's Service is at %s", got)
	}
}

// There is no way into a namespace that is not there, rather than a way past it.
func TestDoNone(t *testing.T) {
	ran := false
	err := Namespace{Name: "cutwater-none"}.Do(func() error { ran = true; return nil })
	if err == nil || ran {
		t.Errorf("got error %v, ran: %v; want an error and nothing run", err, ran)
	}
}

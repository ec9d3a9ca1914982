// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"fmt"

	duckv1 "knative.dev/pkg/apis/duck/v1"
)

// address is the URL of a destination: a function or a broker of the
// manifests, with an optional path, or a URL as it stands.
func (m *Mesh) address(namespace string, to duckv1.Destination) (string, error) {
	if to.Ref == nil {
		if to.URI == nil {
			return "", fmt.Errorf("a destination needs a ref or a uri")
		}
		return to.URI.String(), nil
	}
	if to.Ref.Namespace != "" {
		namespace = to.Ref.Namespace
	}
	name, path := key(namespace, to.Ref.Name), "/"
	switch to.Ref.Kind {
	case "Service":
	case "Broker":
		name, path = key(namespace, "broker/"+to.Ref.Name), "/"+namespace+"/"+to.Ref.Name
	default:
		return "", fmt.Errorf("a destination of kind %s is not understood", to.Ref.Kind)
	}
	listener, ok := m.listeners[name]
	if !ok {
		return "", fmt.Errorf("there is no %s %s in namespace %s", to.Ref.Kind, to.Ref.Name, namespace)
	}
	if to.URI != nil {
		path = to.URI.Path
	}
	return "http://" + listener.Addr().String() + path, nil
}

// sinkOf is the sink that a SinkBinding gives to a function or deployment.
func (m *Mesh) sinkOf(namespace, name string) (string, error) {
	for _, binding := range m.opts.Manifests.SinkBindings {
		if binding.Namespace == namespace && binding.Spec.Subject.Name == name {
			sink, err := m.address(namespace, binding.Spec.Sink)
			if err != nil {
				return "", fmt.Errorf("sink binding %s: %w", binding.Name, err)
			}
			return sink, nil
		}
	}
	return "", nil
}

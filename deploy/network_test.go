// SPDX-License-Identifier: Apache-2.0

package deploy_test

import (
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/cutwater-ci/cutwater/local/manifests"
)

// endpoint is one end of a connection: a pod, or an address outside when it has no
// namespace.
type endpoint struct {
	namespace string
	labels    map[string]string
	address   string
}

func pod(namespace, label, value string) endpoint {
	return endpoint{namespace, map[string]string{label: value}, "10.244.0.7"}
}

func outside(address string) endpoint { return endpoint{address: address} }

// connections says who reaches whom, by the NetworkPolicies.
func connections(t *testing.T, set *manifests.Set) {
	function := func(name string) endpoint { return pod("cutwater", "serving.knative.dev/service", name) }
	var (
		hook, plugins, controller = function("hook"), function("plugins"), pod("cutwater", "app", "controller")
		activator                 = pod("knative-serving", "app", "activator")
		ingress                   = pod("kourier-system", "app", "3scale-kourier-gateway")
		broker                    = pod("knative-eventing", "eventing.knative.dev/brokerRole", "ingress")
		prometheus, stranger      = pod("monitoring", "app", "prometheus"), pod("default", "app", "any")
		job, otherJob             = pod("test-pods", "prow.k8s.io/id", "1"), pod("test-pods", "prow.k8s.io/id", "2")
		github, metadata          = outside("140.82.121.4"), outside("169.254.169.254")
		service, node             = outside("10.96.0.1"), outside("172.18.0.2")
		storage                   = pod("storage", "app", "s3")
	)
	has := func(policy string) bool {
		return slices.ContainsFunc(set.NetworkPolicies, func(p *networkingv1.NetworkPolicy) bool { return p.Namespace+"/"+p.Name == policy })
	}
	s3, gcs := has("storage/s3"), has("cutwater/workload-identity")
	for _, tc := range []struct {
		what     string
		from, to endpoint
		port     int32
		want     bool
	}{
		{"a webhook, event or tick comes by the activator", activator, hook, 8012, true},
		{"the same over HTTP/2", activator, plugins, 8013, true},
		{"the autoscaler asks the queue-proxy", activator, hook, 9090, true},
		{"the activator goes by the queue-proxy", activator, hook, 8080, false},
		{"the ingress goes by the activator", ingress, hook, 8012, false},
		{"the broker goes by the activator", broker, plugins, 8012, false},
		{"one function calls another", plugins, hook, 8012, false},
		{"anybody calls a function", stranger, plugins, 8012, false},
		{"anybody reads the controller's metrics", stranger, controller, 8080, false},
		{"Prometheus reads a function's metrics", prometheus, hook, 8080, true},
		{"Prometheus reads the controller's metrics", prometheus, controller, 8080, true},
		{"hook sends events", hook, broker, 8080, true},
		{"plugins sends events", plugins, broker, 8080, false},
		{"plugins asks GitHub", plugins, github, 443, true},
		{"the controller asks the API server's Service", controller, service, 443, true},
		{"the controller asks the API server itself", controller, node, 6443, true},
		{"hook asks a name server", hook, service, 53, true},
		{"plugins speaks something else", plugins, github, 25, false},
		{"plugins asks for the cloud's metadata", plugins, metadata, 80, gcs},
		{"a job calls a function", job, plugins, 8012, false},
		{"a job calls a function by the activator", job, activator, 8012, false},
		{"a job sends events", job, broker, 8080, false},
		{"a job calls another job", job, otherJob, 8080, false},
		{"a job is called", stranger, job, 8080, false},
		{"a job asks the API server", job, service, 443, false},
		{"a job asks for the cloud's metadata", job, metadata, 80, false},
		{"a job asks for Azure's", job, outside("168.63.129.16"), 80, false},
		{"a job clones over HTTPS", job, github, 443, true},
		{"a job clones over SSH", job, github, 22, true},
		{"a job asks a name server", job, service, 53, true},
		{"a job uploads to the S3 server in the cluster", job, storage, 7070, s3},
		{"the controller uploads to it", controller, storage, 7070, s3},
		{"anybody reads from it", stranger, storage, 7070, !s3},
		{"it talks to the internet", storage, github, 443, !s3},
	} {
		if got := passes(set.NetworkPolicies, tc.from, tc.to, tc.port); got != tc.want {
			t.Errorf("%s: got %t, want %t", tc.what, got, tc.want)
		}
	}
}

// passes is what a network plugin decides: both ends must let a TCP connection pass.
func passes(policies []*networkingv1.NetworkPolicy, from, to endpoint, port int32) bool {
	return permitted(policies, networkingv1.PolicyTypeEgress, from, to, port) && permitted(policies, networkingv1.PolicyTypeIngress, to, from, port)
}

// permitted decides for one end: where any policy selects the pod, one must allow
// the other end.
func permitted(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, self, other endpoint, port int32) bool {
	selected := false
	for _, p := range policies {
		if p.Namespace != self.namespace || !slices.Contains(p.Spec.PolicyTypes, direction) || !matches(&p.Spec.PodSelector, self.labels) {
			continue
		}
		selected = true
		if direction == networkingv1.PolicyTypeIngress {
			for _, rule := range p.Spec.Ingress {
				if onPort(rule.Ports, port) && among(rule.From, other) {
					return true
				}
			}
			continue
		}
		for _, rule := range p.Spec.Egress {
			if onPort(rule.Ports, port) && among(rule.To, other) {
				return true
			}
		}
	}
	return !selected
}

func onPort(ports []networkingv1.NetworkPolicyPort, port int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		tcp := p.Protocol == nil || *p.Protocol == corev1.ProtocolTCP
		return tcp && (p.Port == nil || p.Port.IntVal == port)
	})
}

func among(peers []networkingv1.NetworkPolicyPeer, other endpoint) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		if peer.IPBlock != nil {
			return inside(peer.IPBlock.CIDR, other) && !slices.ContainsFunc(peer.IPBlock.Except, func(cidr string) bool { return inside(cidr, other) })
		}
		return peer.NamespaceSelector != nil && other.namespace != "" &&
			matches(peer.NamespaceSelector, map[string]string{corev1.LabelMetadataName: other.namespace}) &&
			(peer.PodSelector == nil || matches(peer.PodSelector, other.labels))
	})
}

func inside(cidr string, other endpoint) bool {
	return netip.MustParsePrefix(cidr).Contains(netip.MustParseAddr(other.address))
}

func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}

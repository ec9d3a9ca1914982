// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
)

// As Knative writes them: a function that is seen from outside and inside, by
// two revisions, and one that is seen only inside.
const ingresses = `
spec:
  rules:
    - hosts: [hook.ns, hook.ns.svc, hook.ns.svc.cluster.local]
      visibility: ClusterLocal
      http: {paths: [{splits: [{percent: 100, serviceName: hook-00002, serviceNamespace: ns, servicePort: 80, appendHeaders: {Knative-Serving-Revision: hook-00002}}]}]}
    - hosts: [hook.ns.cluster.test]
      visibility: ExternalIP
      http:
        paths:
          - splits:
              - {percent: 90, serviceName: hook-00001, serviceNamespace: ns, servicePort: 80, appendHeaders: {Knative-Serving-Revision: hook-00001}}
              - {percent: 10, serviceName: hook-00002, serviceNamespace: ns, servicePort: 80, appendHeaders: {Knative-Serving-Revision: hook-00002}}
          - path: /old
            rewriteHost: old.example
            appendHeaders: {From: rule}
            splits: [{serviceName: old, serviceNamespace: ns, servicePort: 8080}]
          - headers: {Knative-Serving-Tag: {exact: next}}
            splits: [{percent: 100, serviceName: hook-00003, serviceNamespace: ns, servicePort: 80}]
---
spec:
  rules:
    - hosts: [plugins.ns.svc.cluster.local]
      visibility: ClusterLocal
      http: {paths: [{splits: [{percent: 100, serviceName: plugins-00001, serviceNamespace: ns, servicePort: 80}]}]}
`

func TestRoutes(t *testing.T) {
	routes := read(t)
	for _, tc := range []struct {
		name, url, header string
		external          bool
		drawn             int
		want              string
	}{
		{"inside", "http://hook.ns.svc.cluster.local/x", "", false, 99, "hook-00002.ns.svc.cluster.local.:80"},
		{"inside, with a port", "http://hook.ns.svc:80/x", "", false, 99, "hook-00002.ns.svc.cluster.local.:80"},
		{"outside, for the most", "http://hook.ns.cluster.test/x", "", true, 89, "hook-00001.ns.svc.cluster.local.:80"},
		{"outside, for some", "http://hook.ns.cluster.test/x", "", true, 90, "hook-00002.ns.svc.cluster.local.:80"},
		{"another case", "http://Hook.NS.cluster.test/", "", true, 0, "hook-00001.ns.svc.cluster.local.:80"},
		{"what is seen outside is seen inside", "http://hook.ns.cluster.test/x", "", false, 0, "hook-00001.ns.svc.cluster.local.:80"},
		{"longer path", "http://hook.ns.cluster.test/old/x", "", true, 99, "old.ns.svc.cluster.local.:8080"},
		{"header", "http://hook.ns.cluster.test/old/x", "next", true, 0, "hook-00003.ns.svc.cluster.local.:80"},
		{"other header", "http://hook.ns.cluster.test/x", "last", true, 0, "hook-00001.ns.svc.cluster.local.:80"},
		{"what is inside is not seen outside", "http://plugins.ns.svc.cluster.local/", "", true, 0, ""},
		{"the other ingress", "http://plugins.ns.svc.cluster.local/", "", false, 0, "plugins-00001.ns.svc.cluster.local.:80"},
		{"unknown host", "http://deck.ns.svc.cluster.local/", "", false, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, tc.url, nil)
			r.Header.Set("Knative-Serving-Tag", tc.header)
			found, _ := routes.find(r, tc.external)
			to, _ := found.pick(tc.drawn)
			if to.address != tc.want {
				t.Errorf("got %q, want %q", to.address, tc.want)
			}
		})
	}
}

// What the service sees of a request.
func TestProxy(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s body=%s revision=%s from=%s for=%s", r.Method, r.Host, r.URL, body,
			r.Header.Get("Knative-Serving-Revision"), r.Header.Get("From"), r.Header.Get("X-Forwarded-For"))
	}))
	defer service.Close()
	p := NewProxy()
	routes := read(t)
	for _, routes := range routes {
		for _, r := range routes {
			for n := range r.splits {
				r.splits[n].address = strings.TrimPrefix(service.URL, "http://")
			}
		}
	}
	p.table.Store(&routes)
	for _, tc := range []struct {
		path, want string
		status     int
	}{
		{"http://hook.ns.cluster.test/old?a=b", "POST old.example /old?a=b body=hello revision= from=rule for=192.0.2.1", http.StatusOK},
		{"http://plugins.ns.svc.cluster.local/", "no ingress has this host and path\n", http.StatusNotFound},
	} {
		r := httptest.NewRequest(http.MethodPost, tc.path, strings.NewReader("hello"))
		r.Header.Set("X-Forwarded-For", "1.2.3.4") // which nobody believes
		w := httptest.NewRecorder()
		p.handler(true).ServeHTTP(w, r)
		if w.Code != tc.status || w.Body.String() != tc.want {
			t.Errorf("%s: got %d %q, want %d %q", tc.path, w.Code, w.Body.String(), tc.status, tc.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://hook.ns.svc/x", nil)
	r.Header.Set("Knative-Serving-Revision", "forged")
	w := httptest.NewRecorder()
	p.handler(false).ServeHTTP(w, r)
	if want := "GET hook.ns.svc /x body= revision=hook-00002 from= for=192.0.2.1"; w.Body.String() != want {
		t.Errorf("got %q, want %q", w.Body.String(), want)
	}
}

// An ingress is ready when its status says so of this generation.
func TestReady(t *testing.T) {
	i := &v1alpha1.Ingress{}
	i.Generation = 3
	got := ready(i)
	if !got.IsReady() || got.Status.ObservedGeneration != 3 {
		t.Errorf("got %+v, want it ready in generation 3", got.Status)
	}
	want := []v1alpha1.LoadBalancerIngressStatus{{DomainInternal: "ingress.ingress.svc.cluster.local"}}
	if diff := cmp.Diff(want, got.Status.PrivateLoadBalancer.Ingress); diff != "" {
		t.Errorf("where it is reached (-want +got):\n%s", diff)
	}
}

func TestManifests(t *testing.T) {
	found, err := Manifests(map[string]string{Program: "dev.local/ingress:1"})
	if err != nil || len(found) != 6 {
		t.Errorf("got %d objects, %v; want 6", len(found), err)
	}
	if u, err := url.Parse("http://" + service); err != nil || u.Hostname() != found[5].GetName()+"."+found[5].GetNamespace()+".svc.cluster.local" {
		t.Errorf("the service %s/%s is not %s", found[5].GetNamespace(), found[5].GetName(), service)
	}
}

func read(t *testing.T) table {
	t.Helper()
	var found []*v1alpha1.Ingress
	for document := range strings.SplitSeq(ingresses, "---\n") {
		i := &v1alpha1.Ingress{}
		if err := yaml.Unmarshal([]byte(document), i); err != nil {
			t.Fatal(err)
		}
		found = append(found, i)
	}
	return newTable(found)
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/local/manifests"
	"github.com/cutwater-ci/cutwater/local/up"
)

// neverAsked is what roles grant and one machine does not need, with the reason why
// a cluster does.
func neverAsked() map[grant]string {
	return map[grant]string{
		{"controller", "cutwater", "events", "create"}:                          "an error of a reconcile becomes an event",
		{"controller", "cutwater", "events", "patch"}:                           "the same error again is counted in its event",
		{"controller", "test-pods", "pods", "list"}:                             "an informer lists where an API server does not stream",
		{"controller", "cutwater", "configmaps", "list"}:                        "an informer lists where an API server does not stream",
		{"controller", "cutwater", "sources.knative.dev/pingsources", "list"}:   "an informer lists where an API server does not stream",
		{"controller", "cutwater", "sources.knative.dev/pingsources", "delete"}: "hours that have nothing to do any more may come after the end",
		{"controller", "cutwater", "sources.knative.dev/pingsources", "patch"}:  "the same hour may have all its minutes from the beginning",
		{"controller", "test-pods", "pods", "patch"}:                            "a pod of Prow's may still have its finalizer",
		{"sinker", "test-pods", "pods", "patch"}:                                "a pod of Prow's may still have its finalizer",
		{"sinker", "test-pods", "pods", "delete"}:                               "nothing is old here",
		{"sinker", "cutwater", "prow.k8s.io/prowjobs", "get"}:                   "nothing is old here",
		{"sinker", "cutwater", "prow.k8s.io/prowjobs", "delete"}:                "nothing is old here",
	}
}

// grant is what a service account may do, or did.
type grant struct {
	account, namespace, resource, verb string
}

// audited is what of an audit.k8s.io/v1 Event matters here.
type audited struct {
	Verb             string
	ImpersonatedUser struct{ Username string }
	ObjectRef        *struct{ Namespace, APIGroup, Resource, Subresource string }
	ResponseStatus   struct{ Code int }
}

// rolesAreExact compares the roles of deploy/ with what each part asked of the API
// server while the stories were played, in the name of its service account. A part
// that was refused lacks a verb, and a verb that nobody used is one too many.
func rolesAreExact(t *testing.T, m *up.Machine, audit string) {
	set, err := manifests.Load(deploy.Files)
	if err != nil {
		t.Fatal(err)
	}
	wakeEverything(t, m, set)
	granted, asked := grants(set), requests(t, audit)
	if len(asked) == 0 {
		t.Fatal("nobody asked for anything")
	}
	for g, code := range asked {
		if code == 403 {
			t.Errorf("%s is refused: %s %s in %q", g.account, g.verb, g.resource, g.namespace)
		}
	}
	rare := neverAsked()
	for _, g := range granted {
		_, used := asked[g]
		if _, known := rare[g]; !used && !known {
			t.Errorf("%s may %s %s in %s, and never does", g.account, g.verb, g.resource, g.namespace)
		}
	}
	for g := range maps.Keys(rare) {
		if !slices.Contains(granted, g) {
			t.Errorf("neverAsked excuses %v, which no role grants", g)
		}
	}
}

// wakeEverything asks for what no story asks: each PingSource's tick, and pages of deck.
func wakeEverything(t *testing.T, m *up.Machine, set *manifests.Set) {
	for _, source := range set.PingSources {
		sink := m.Mesh.URL(source.Namespace, source.Spec.Sink.Ref.Name)
		if uri := source.Spec.Sink.URI; uri != nil {
			sink += uri.String()
		}
		request(t, http.MethodPost, sink, map[string]string{
			"Ce-Specversion": "1.0", "Ce-Type": sourcesv1.PingSourceEventType, "Ce-Id": t.Name(),
			"Ce-Source": sourcesv1.PingSourceSource(source.Namespace, source.Name),
		})
	}
	jobs, err := m.ProwJobs.ProwV1().ProwJobs(m.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	done := slices.IndexFunc(jobs.Items, func(pj prowv1.ProwJob) bool { return pj.Status.State == prowv1.SuccessState })
	if done < 0 {
		t.Fatal("no run has succeeded")
	}
	pj := jobs.Items[done]
	query := url.Values{"job": {pj.Spec.Job}, "id": {pj.Status.BuildID}, "prowjob": {pj.Name}}.Encode()
	for _, page := range []string{"/", "/prowjobs.js", "/prowjob?" + query, "/log?" + query} {
		request(t, http.MethodGet, m.Deck+page, nil)
	}
}

// request sends a request, which must be answered well.
func request(t *testing.T, method, address string, header map[string]string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Errorf("%s %s: %s %s %v", method, address, response.Status, body, err)
	}
}

// grants is what the roles allow.
func grants(set *manifests.Set) []grant {
	roles := map[string]*rbacv1.Role{}
	for _, role := range set.Roles {
		roles[role.Namespace+"/"+role.Name] = role
	}
	var all []grant
	for _, binding := range set.RoleBindings {
		for _, subject := range binding.Subjects {
			for _, rule := range roles[binding.Namespace+"/"+binding.RoleRef.Name].Rules {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						all = append(all, grant{subject.Name, binding.Namespace, strings.Trim(rule.APIGroups[0]+"/"+resource, "/"), verb})
					}
				}
			}
		}
	}
	return all
}

// requests is what service accounts asked for, with the last answer's code.
func requests(t *testing.T, audit string) map[grant]int {
	file, err := os.Open(audit)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	asked := map[grant]int{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r audited
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		account, ours := strings.CutPrefix(r.ImpersonatedUser.Username, "system:serviceaccount:cutwater:")
		if !ours || r.ObjectRef == nil {
			continue
		}
		resource := strings.Trim(strings.Join([]string{r.ObjectRef.APIGroup, r.ObjectRef.Resource, r.ObjectRef.Subresource}, "/"), "/")
		g := grant{account, r.ObjectRef.Namespace, resource, r.Verb}
		if asked[g] != 403 {
			asked[g] = r.ResponseStatus.Code
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return asked
}

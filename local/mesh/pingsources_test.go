// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/local/controlplane"
)

func pingSource(schedule, uri string) *unstructured.Unstructured {
	source := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "sources.knative.dev/v1", "kind": "PingSource",
		"spec": map[string]any{
			"schedule": schedule,
			"sink":     map[string]any{"uri": uri, "ref": map[string]any{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "receiver", "namespace": "ns"}},
		},
	}}
	source.SetName("bell")
	source.SetNamespace("default")
	return source
}

// A PingSource of the API server rings as it is now: after it was made, changed
// and deleted, without a new start.
func TestPingSources(t *testing.T) {
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDs: CRDs(), Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer plane.Stop()
	got := make(chan string, 10)
	m, _ := startTest(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.URL.Path + " " + r.Header.Get("Ce-Type") + " " + r.Header.Get("Ce-Source")
		w.WriteHeader(http.StatusAccepted)
	}, time.Minute, make(chan context.Context, 1))
	if m.opts.PingSources, err = dynamic.NewForConfig(plane.Config); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := m.followPingSources(ctx); err != nil {
		t.Fatal(err)
	}
	client := m.opts.PingSources.Resource(sourcesv1.SchemeGroupVersion.WithResource("pingsources")).Namespace("default")
	rings := func(want string) {
		t.Helper()
		if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
			if m.Ring(ctx, "default", "bell") != nil {
				return want == "", nil
			}
			return <-got == want, nil
		}); err != nil {
			t.Fatalf("waiting for it to ring as %q: %v", want, err)
		}
	}
	if _, err := client.Create(t.Context(), pingSource("0 0 1 1 *", "/one"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	const event = " dev.knative.sources.ping /apis/v1/namespaces/default/pingsources/bell"
	rings("/one" + event)
	changed, err := client.Get(t.Context(), "bell", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	changed.Object["spec"] = pingSource("0 0 1 1 *", "/two").Object["spec"]
	if _, err := client.Update(t.Context(), changed, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	rings("/two" + event)
	if err := client.Delete(t.Context(), "bell", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	rings("")
}

// What the machine installs is named as what Knative does.
func TestCRDs(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "knative.dev/eventing").Output()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "config", "core", "resources", "pingsource.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var theirs apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(content, &theirs); err != nil {
		t.Fatal(err)
	}
	ours := CRDs()[0]
	if ours.Name != theirs.Name || ours.Spec.Group != theirs.Spec.Group || ours.Spec.Versions[0].Name != theirs.Spec.Versions[0].Name {
		t.Errorf("got %s of %s, want %s of %s", ours.Name, ours.Spec.Group, theirs.Name, theirs.Spec.Group)
	}
	names := cmpopts.IgnoreFields(apiextensionsv1.CustomResourceDefinitionNames{}, "ListKind", "Categories")
	if diff := cmp.Diff(theirs.Spec.Names, ours.Spec.Names, names); diff != "" {
		t.Errorf("names (-theirs +ours):\n%s", diff)
	}
}

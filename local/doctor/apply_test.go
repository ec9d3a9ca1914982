// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/cutwater-ci/cutwater/deploy"
)

// appliesAgain has hook applied, and applied again as the guide and the doctor say,
// after a SinkBinding has given it K_SINK: its list of containers is one value, which
// is the SinkBinding's by then.
func (c *cluster) appliesAgain(t *testing.T, namespace string) {
	t.Helper()
	guide, err := os.ReadFile("../../docs/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	const overlay = "deploy/overlays/mine"
	line := regexp.MustCompile(`(?m)^kubectl kustomize ` + overlay + ` .*$`).FindString(string(guide))
	if advice := strings.Replace(line, overlay, "<your overlay>", 1); advice == "" || !strings.Contains(objectFaults()[0].want, advice) {
		t.Errorf("the guide has the line %q, and the doctor another", line)
	}
	c.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	manifest, err := deploy.Files.ReadFile("base/500-hook.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifest = []byte(strings.Replace(string(manifest), "namespace: cutwater", "namespace: "+namespace, 1))
	hook := &servingv1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hook"}}
	apply := func(options ...client.PatchOption) error {
		return c.client.Patch(t.Context(), hook, client.RawPatch(types.ApplyPatchType, manifest), append(options, client.FieldOwner("kubectl"))...)
	}
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	sink := []byte(`[{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {"name": "K_SINK", "value": "http://broker"}}]`)
	if err := c.client.Patch(t.Context(), hook, client.RawPatch(types.JSONPatchType, sink), client.FieldOwner("controller")); err != nil {
		t.Fatal(err)
	}
	var options []client.PatchOption
	if strings.Contains(line, "--force-conflicts") {
		options = append(options, client.ForceOwnership)
	}
	if err := apply(options...); err != nil {
		t.Errorf("applying it again: %v", err)
	}
}

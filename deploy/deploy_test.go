// SPDX-License-Identifier: Apache-2.0

package deploy_test

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/controllers"
	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/functions/deck"
	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/functions/horologium"
	"github.com/cutwater-ci/cutwater/functions/plugins"
	"github.com/cutwater-ci/cutwater/functions/sinker"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// environments are the structs that each program reads its environment into.
func environments() map[string][]any {
	return map[string][]any{
		"hook":       {function.Environment{}, hook.Environment{}},
		"plugins":    {function.Environment{}, plugins.Environment{}},
		"deck":       {function.Environment{}, deck.Environment{}},
		"horologium": {function.Environment{}, horologium.Environment{}},
		"sinker":     {function.Environment{}, sinker.Environment{}},
		"controller": {function.Environment{}, controllers.Environment{}},
	}
}

// TestInstallations holds base, each overlay and each component to the same rules.
func TestInstallations(t *testing.T) {
	for name, set := range installations(t) {
		t.Run(name, func(t *testing.T) {
			for _, check := range []struct {
				name string
				run  func(*testing.T, *manifests.Set)
			}{
				{"Knative accepts it", accepted},
				{"environments", environmentsMatch},
				{"references", referencesHold},
				{"files", filesAreMounted},
				{"roles", rolesAreLeast},
				{"pods", podsAreConfined},
				{"probes", podsAreProbed},
				{"scaling", functionsScale},
				{"network", connections},
				{"configuration", configurationLoads},
			} {
				t.Run(check.name, func(t *testing.T) { check.run(t, set) })
			}
		})
	}
}

// pods are the pod templates of everything that we run, by name.
func pods(set *manifests.Set) map[string]corev1.PodSpec {
	found := map[string]corev1.PodSpec{}
	for _, f := range set.Functions {
		found[f.Name] = f.Spec.Template.Spec.PodSpec
	}
	for _, d := range set.Deployments {
		if d.Namespace == "cutwater" {
			found[d.Name] = d.Spec.Template.Spec
		}
	}
	return found
}

// Every object decodes strictly, and Knative's own validation accepts ours.
func accepted(t *testing.T, set *manifests.Set) {
	ctx := context.Background()
	for _, f := range set.Functions {
		f = f.DeepCopy()
		f.SetDefaults(ctx)
		if err := f.Validate(ctx); err != nil {
			t.Errorf("function %s: %v", f.Name, err)
		}
	}
	for _, trigger := range set.Triggers {
		trigger = trigger.DeepCopy()
		trigger.SetDefaults(ctx)
		if err := trigger.Validate(ctx); err != nil {
			t.Errorf("trigger %s: %v", trigger.Name, err)
		}
	}
	for _, source := range set.PingSources {
		source = source.DeepCopy()
		source.SetDefaults(ctx)
		if err := source.Validate(ctx); err != nil {
			t.Errorf("ping source %s: %v", source.Name, err)
		}
	}
	for _, binding := range set.SinkBindings {
		binding = binding.DeepCopy()
		binding.SetDefaults(ctx)
		if err := binding.Validate(ctx); err != nil {
			t.Errorf("sink binding %s: %v", binding.Name, err)
		}
	}
	for kind, n := range map[string]int{
		"functions": len(set.Functions), "deployments": len(set.Deployments), "brokers": len(set.Brokers),
		"triggers": len(set.Triggers), "ping sources": len(set.PingSources), "sink bindings": len(set.SinkBindings),
		"roles": len(set.Roles), "custom resources": len(set.CRDs),
	} {
		if n == 0 {
			t.Errorf("there are no %s", kind)
		}
	}
}

// A variable in a manifest is one that the program reads, and one that the
// program requires is in its manifest.
func environmentsMatch(t *testing.T, set *manifests.Set) {
	bound := map[string][]string{}
	for _, binding := range set.SinkBindings {
		bound[binding.Spec.Subject.Name] = []string{"K_SINK"}
	}
	for name, pod := range pods(set) {
		structs, ok := environments()[name]
		if !ok {
			t.Errorf("%s is deployed, and this test does not know what it reads", name)
			continue
		}
		known, required := variables(structs)
		given := bound[name]
		for _, container := range pod.Containers {
			if want := "ko://github.com/cutwater-ci/cutwater/cmd/" + name; container.Image != want {
				t.Errorf("%s: image %s, want %s", name, container.Image, want)
			}
			for _, variable := range container.Env {
				given = append(given, variable.Name)
				if !slices.Contains(known, variable.Name) {
					t.Errorf("%s: nobody reads %s; it reads %v", name, variable.Name, known)
				}
			}
		}
		for _, variable := range required {
			if !slices.Contains(given, variable) {
				t.Errorf("%s: %s is required and not set", name, variable)
			}
		}
	}
}

// variables are what the structs' env tags name.
func variables(structs []any) (known, required []string) {
	for _, s := range structs {
		typ := reflect.TypeOf(s)
		for field := range typ.Fields() {
			tag := field.Tag.Get("env")
			if tag == "" && field.Type.Kind() == reflect.Struct {
				k, r := variables([]any{reflect.Zero(field.Type).Interface()})
				known, required = append(known, k...), append(required, r...)
			}
			options := strings.Split(tag, ",")
			if options[0] == "" {
				continue
			}
			known = append(known, options[0])
			if slices.ContainsFunc(options[1:], func(o string) bool { return strings.TrimSpace(o) == "required" }) {
				required = append(required, options[0])
			}
		}
	}
	return known, required
}

// References between objects hold: service accounts, ConfigMaps and their keys,
// sinks, subscribers, roles.
func referencesHold(t *testing.T, set *manifests.Set) {
	exists := names(set)
	want := func(by, kind, name string) {
		if what := kind + "/" + name; !exists[what] {
			t.Errorf("%s refers to %s, which is not there", by, what)
		}
	}
	for name, pod := range pods(set) {
		want(name, "serviceaccount", pod.ServiceAccountName)
		for _, volume := range pod.Volumes {
			if volume.ConfigMap != nil {
				want(name, "configmap", volume.ConfigMap.Name)
			}
		}
		for _, variable := range pod.Containers[0].Env {
			if from := variable.ValueFrom; from != nil && from.ConfigMapKeyRef != nil {
				want(name, "configmap", from.ConfigMapKeyRef.Name+"/"+from.ConfigMapKeyRef.Key)
			}
		}
	}
	for _, rb := range set.RoleBindings {
		want("role binding "+rb.Name, "role", rb.Namespace+"/"+rb.RoleRef.Name)
		for _, subject := range rb.Subjects {
			want("role binding "+rb.Name, "serviceaccount", subject.Name)
		}
	}
	for _, trigger := range set.Triggers {
		want("trigger "+trigger.Name, "Broker", trigger.Spec.Broker)
		want("trigger "+trigger.Name, trigger.Spec.Subscriber.Ref.Kind, trigger.Spec.Subscriber.Ref.Name)
		sink := trigger.Spec.Delivery.DeadLetterSink
		want("trigger "+trigger.Name, sink.Ref.Kind, sink.Ref.Name)
	}
	for _, source := range set.PingSources {
		want("ping source "+source.Name, source.Spec.Sink.Ref.Kind, source.Spec.Sink.Ref.Name)
	}
	for _, binding := range set.SinkBindings {
		want("sink binding "+binding.Name, binding.Spec.Subject.Kind, binding.Spec.Subject.Name)
		want("sink binding "+binding.Name, binding.Spec.Sink.Ref.Kind, binding.Spec.Sink.Ref.Name)
	}
}

// names are what objects may refer to, as kind/name.
func names(set *manifests.Set) map[string]bool {
	exists := map[string]bool{}
	for _, sa := range set.ServiceAccounts {
		exists["serviceaccount/"+sa.Name] = true
	}
	for _, cm := range set.ConfigMaps {
		exists["configmap/"+cm.Name] = true
		for key := range cm.Data {
			exists["configmap/"+cm.Name+"/"+key] = true
		}
	}
	for _, r := range set.Roles {
		exists["role/"+r.Namespace+"/"+r.Name] = true
	}
	for _, f := range set.Functions {
		exists["Service/"+f.Name] = true
	}
	for _, b := range set.Brokers {
		exists["Broker/"+b.Name] = true
	}
	return exists
}

// What a program is told to read is mounted, and what is mounted is a volume.
func filesAreMounted(t *testing.T, set *manifests.Set) {
	for name, pod := range pods(set) {
		volumes := map[string]bool{}
		for _, volume := range pod.Volumes {
			volumes[volume.Name] = true
		}
		container := pod.Containers[0]
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				t.Errorf("%s mounts %s, which is no volume of it", name, mount.Name)
			}
		}
		for _, variable := range container.Env {
			mounted := func(m corev1.VolumeMount) bool {
				return variable.Value == m.MountPath || strings.HasPrefix(variable.Value, m.MountPath+"/")
			}
			if strings.HasPrefix(variable.Value, "/etc/") && !slices.ContainsFunc(container.VolumeMounts, mounted) {
				t.Errorf("%s: %s is %s, where nothing is mounted", name, variable.Name, variable.Value)
			}
		}
	}
}

// The kustomization names every manifest, once, and none lies beside it.
func TestKustomization(t *testing.T) {
	content, err := deploy.Files.ReadFile("base/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var k struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(content, &k); err != nil {
		t.Fatal(err)
	}
	if strays, err := filepath.Glob("*.yaml"); err != nil || len(strays) > 0 {
		t.Errorf("%v belong in deploy/base (%v)", strays, err)
	}
	entries, err := deploy.Files.ReadDir("base")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".yaml") && name != "kustomization.yaml" {
			files = append(files, name)
		}
	}
	crds, err := deploy.Files.ReadDir("base/crd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range crds {
		files = append(files, "crd/"+entry.Name())
	}
	slices.Sort(files)
	slices.Sort(k.Resources)
	if got, want := fmt.Sprint(k.Resources), fmt.Sprint(files); got != want {
		t.Errorf("kustomization.yaml lists %s, the folder holds %s", got, want)
	}
}

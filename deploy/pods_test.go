// SPDX-License-Identifier: Apache-2.0

package deploy_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/cutwater-ci/cutwater/local/manifests"
)

// podsAreConfined: Kubernetes' own check of Pod Security lets every pod pass in its
// namespace, which is one with "restricted" and, beyond that, pods write nothing to
// their root and have a limit of memory.
func podsAreConfined(t *testing.T, set *manifests.Set) {
	enforced := map[string]string{}
	for _, ns := range set.Namespaces {
		enforced[ns.Name] = ns.Labels[psa.EnforceLevelLabel]
	}
	if got := enforced["test-pods"]; got != "baseline" {
		t.Errorf("test-pods enforces %q", got)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(namespace, name string, meta metav1.ObjectMeta, pod corev1.PodSpec) {
		if enforced[namespace] != "restricted" {
			t.Errorf("namespace %s of %s enforces %q", namespace, name, enforced[namespace])
		}
		results := evaluator.EvaluatePod(psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}, &meta, &pod)
		if result := policy.AggregateCheckResults(results); !result.Allowed {
			t.Errorf("%s violates restricted: %s", name, result.ForbiddenDetail())
		}
		for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
			if sc := container.SecurityContext; sc == nil || sc.ReadOnlyRootFilesystem == nil || !*sc.ReadOnlyRootFilesystem {
				t.Errorf("%s: container %s may write to its root", name, container.Name)
			}
		}
		for _, container := range pod.Containers {
			if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
				t.Errorf("%s: container %s has no memory limit, or no requests", name, container.Name)
			}
		}
	}
	for _, f := range set.Functions {
		check(f.Namespace, f.Name, f.Spec.Template.ObjectMeta, f.Spec.Template.Spec.PodSpec)
	}
	for _, d := range set.Deployments {
		check(d.Namespace, d.Name, d.Spec.Template.ObjectMeta, d.Spec.Template.Spec)
	}
}

// podsAreProbed: everything of ours is asked for its health at /healthz.
func podsAreProbed(t *testing.T, set *manifests.Set) {
	asks := func(probe *corev1.Probe) bool {
		return probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Path == "/healthz"
	}
	for name, pod := range pods(set) {
		if c := pod.Containers[0]; !asks(c.ReadinessProbe) || !asks(c.LivenessProbe) {
			t.Errorf("%s is not asked at /healthz: %v, %v", name, c.ReadinessProbe, c.LivenessProbe)
		}
	}
	for _, f := range set.Functions {
		if period := f.Spec.Template.Spec.Containers[0].ReadinessProbe.PeriodSeconds; period != 0 {
			t.Errorf("%s: a period of %d s keeps Knative from asking every 50 ms at the start", f.Name, period)
		}
	}
	for _, d := range set.Deployments {
		if d.Namespace == "cutwater" && !asks(d.Spec.Template.Spec.Containers[0].StartupProbe) {
			t.Errorf("%s has no startup probe", d.Name)
		}
	}
}

const (
	// drain is how long Knative's queue-proxy stays after it was told to end.
	drain = 30 * time.Second
	// starting is what a pod takes to start, and the autoscaler to decide.
	starting = 4 * time.Second
)

// functionsScale: the activator is always in the path (250-network.yaml relies on
// it), scaling has an end, and what the clock wakes sleeps again soon: in an idle
// hour the PingSources keep pods up for less than twenty minutes in all.
func functionsScale(t *testing.T, set *manifests.Set) {
	const prefix = "autoscaling.knative.dev/"
	up := map[string]time.Duration{}
	for _, f := range set.Functions {
		annotations := f.Spec.Template.Annotations
		if got := annotations[prefix+"target-burst-capacity"]; got != "-1" {
			t.Errorf("%s: target-burst-capacity %q", f.Name, got)
		}
		if n, err := strconv.Atoi(annotations[prefix+"max-scale"]); err != nil || n < 1 {
			t.Errorf("%s: max-scale: %d, %v", f.Name, n, err)
		}
		retention, err := time.ParseDuration(annotations[prefix+"scale-to-zero-pod-retention-period"])
		if err != nil {
			t.Errorf("%s: scale-to-zero-pod-retention-period: %v", f.Name, err)
		}
		window := time.Minute
		if given := annotations[prefix+"window"]; given != "" {
			if window, err = time.ParseDuration(given); err != nil {
				t.Errorf("%s: window: %v", f.Name, err)
			}
		}
		up[f.Name] = starting + window + retention + drain
	}
	var awake time.Duration
	for _, source := range set.PingSources {
		schedule, err := cron.ParseStandard(source.Spec.Schedule)
		if err != nil {
			t.Errorf("ping source %s: %v", source.Name, err)
			continue
		}
		begin := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		for tick := schedule.Next(begin); !tick.After(begin.Add(time.Hour)); tick = schedule.Next(tick) {
			awake += up[source.Spec.Sink.Ref.Name]
		}
	}
	if awake == 0 || awake > 20*time.Minute {
		t.Errorf("in an idle hour pods are up for %v", awake)
	}
}

// mounts reports whether the pod mounts the volume.
func mounts(pod corev1.PodSpec, volume string) bool {
	return len(pod.Containers) > 0 && slices.ContainsFunc(pod.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume })
}

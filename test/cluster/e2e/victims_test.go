// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/test/cluster/process"
	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// victim is what can be killed. kill does it, as the kernel does when memory runs
// out, and returns what says why the victim is not back yet.
type victim struct {
	name string
	kill func(t *testing.T) (missing func() string)
}

// victims are everything that an event goes through, and what runs the pods.
func (w *world) victims() []victim {
	var all []victim
	for _, pods := range []struct{ namespace, name string }{
		{eventing, "mt-broker-ingress"},
		{eventing, "mt-broker-filter"},
		{eventing, "imc-dispatcher"},
		{ours, "hook"},
		{ours, "plugins"},
		{ours, "controller"},
	} {
		all = append(all, victim{pods.name, func(t *testing.T) func() string { return w.killPods(t, pods.namespace, pods.name) }})
	}
	return append(all, victim{"API server", w.killServer}, victim{"node", w.killNode})
}

// killPods kills the program of all pods of a Deployment or function, at once.
func (w *world) killPods(t *testing.T, namespace, name string) (missing func() string) {
	t.Helper()
	var pods []life
	await(t, "a pod of "+name, func() string {
		pods = w.pods.present(namespace, func(pod life) bool {
			return strings.HasPrefix(pod.pod.Name, name+"-") && pod.pod.DeletionTimestamp == nil && isReady(pod.pod) && runs(pod.pod)
		})
		return map[bool]string{true: "there is none that is ready"}[len(pods) == 0]
	})
	for _, pod := range pods {
		killProgram(t, pod.pod)
	}
	return func() string { return w.away(pods) }
}

// away says which of the pods that were killed are not back.
func (w *world) away(killed []life) string {
	return list(w.pods.present(killed[0].pod.Namespace, func(now life) bool {
		for _, before := range killed {
			if now.pod.UID == before.pod.UID && now.pod.DeletionTimestamp == nil {
				return restarts(now.pod) == restarts(before.pod) || !isReady(now.pod)
			}
		}
		return false
	}))
}

// runs reports whether the containers that are known of a pod have processes:
// what is watched may be of a while ago, as after the API server was killed.
func runs(pod *corev1.Pod) bool {
	for _, c := range pod.Status.ContainerStatuses {
		_, id, ok := strings.Cut(c.ContainerID, "://")
		if !ok {
			return false
		}
		if found, err := contained(id); err != nil || len(found) == 0 {
			return false
		}
	}
	return true
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func restarts(pod *corev1.Pod) (n int32) {
	for _, c := range pod.Status.ContainerStatuses {
		n += c.RestartCount
	}
	return n
}

// killProgram kills the processes of a pod's containers, but of Knative's beside
// the program.
func killProgram(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	for _, c := range pod.Status.ContainerStatuses {
		_, id, ok := strings.Cut(c.ContainerID, "://")
		if !ok || c.Name == "queue-proxy" {
			continue
		}
		found, err := contained(id)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s of %s has processes %v: %v", c.Name, pod.Name, found, err)
		}
		if err := process.KillAll(t.Context(), func() ([]int, error) { return contained(id) }); err != nil {
			t.Fatal(err)
		}
	}
}

// contained are the processes of a container: its ID is the name of their cgroup.
func contained(id string) (pids []int, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(content), "/"+id+"\n") {
			continue // it has ended, or is another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// killServer kills the API server.
func (w *world) killServer(t *testing.T) (missing func() string) {
	t.Helper()
	w.restart(t, settings.APIServer)
	return func() string {
		if _, err := w.kube.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	}
}

// killNode kills the node's runtime: kubelet and containerd. Containers live on.
func (w *world) killNode(t *testing.T) (missing func() string) {
	t.Helper()
	killed := time.Now()
	w.restart(t, settings.Containerd, settings.Kubelet)
	return func() string {
		// It ends while containerd does not answer; on other nodes systemd does this.
		if err := w.cluster.Part(settings.Kubelet).Start(t.Context()); err != nil {
			return err.Error()
		}
		lease, err := w.kube.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), settings.Node, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if lease.Spec.RenewTime.Before(&metav1.MicroTime{Time: killed}) {
			return fmt.Sprintf("the node was last heard of at %s", lease.Spec.RenewTime)
		}
		return ""
	}
}

// restart kills parts of the cluster, and starts them again after a while.
func (w *world) restart(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range slices.Backward(names) {
		if err := w.cluster.Part(name).Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	pause(t, 3*time.Second)
	for _, name := range names {
		if err := w.cluster.Part(name).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// pause lets others go on for a while.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node"
	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// event waits for an Event about the pod.
func (c *cluster) event(podName, reason, message string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	events, err := c.client.CoreV1().Events(c.namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.name=" + podName, ResourceVersion: "0",
	})
	if err != nil {
		c.t.Fatal(err)
	}
	defer events.Stop()
	var seen []string
	for e := range events.ResultChan() {
		if got, ok := e.Object.(*corev1.Event); ok {
			seen = append(seen, got.Reason+": "+got.Message)
			if got.Reason == reason && strings.Contains(got.Message, message) {
				return
			}
		}
	}
	c.t.Fatalf("no event %s: %s about pod %s, but:\n%s", reason, message, podName, strings.Join(seen, "\n"))
}

// marker is a word for a command line, by which its process is found.
func marker(t *testing.T) string {
	return fmt.Sprintf("marker-%d-%d", os.Getpid(), time.Now().UnixNano())
}

// processes counts those with word on their command line.
func processes(t *testing.T, word string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, f := range files {
		if data, err := os.ReadFile(f); err == nil && strings.Contains(string(data), word) {
			count++
		}
	}
	return count
}

func TestDeletion(t *testing.T) {
	c := newCluster(t, nil)
	word := marker(t)
	// Children that have left their parent's group and session must not survive.
	c.create(`
metadata: {name: stubborn, finalizers: [cutwater.local/test]}
spec:
  containers:
  - {name: m, image: host, command: [sh, -c, 'trap "echo asked" TERM; setsid sh -c "trap : TERM; sleep 1000; : $0" & echo up; while :; do sleep 0.1; done', ` + word + `]}
`)
	c.create(`
metadata: {name: polite}
spec:
  containers: [{name: m, image: host, command: [sh, -c, 'trap "echo asked; exit 5" TERM; echo up; while :; do sleep 0.1; done', ` + word + `]}]
`)
	for _, name := range []string{"stubborn", "polite"} {
		c.running(name, "m")
		c.followed(name, "m", "up")
	}
	if processes(t, word) < 3 {
		t.Errorf("got %d processes, want at least 3", processes(t, word))
	}
	// A client's delete with a short grace; both get SIGTERM, one ignores it.
	for name, grace := range map[string]int64{"stubborn": 1, "polite": 20} {
		if err := c.client.CoreV1().Pods(c.namespace).Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &grace}); err != nil {
			t.Fatal(err)
		}
	}
	c.gone("polite")
	// The finalizer keeps the object, by which the end is seen.
	pod := c.finished("stubborn")
	if diff := cmp.Diff("Failed, m 137 Error", summary(pod)); diff != "" {
		t.Error(diff)
	}
	if got, err := c.log("stubborn", corev1.PodLogOptions{}); err != nil || got != "up\nasked\n" {
		t.Errorf("log: got %q, %v; want that it was asked to end", got, err)
	}
	if n := processes(t, word); n != 0 {
		t.Errorf("%d processes survived", n)
	}
	c.event("stubborn", "Killing", "Stopping container m")
	if _, err := c.client.CoreV1().Pods(c.namespace).Patch(t.Context(), "stubborn", "application/merge-patch+json",
		[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	c.gone("stubborn")
	// A finished pod waits for nothing when it is deleted.
	c.create(`{metadata: {name: done}, spec: {containers: [{name: m, image: host, command: ["true"]}]}}`)
	c.finished("done")
	if err := c.client.CoreV1().Pods(c.namespace).Delete(t.Context(), "done", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.gone("done")
}

// followed follows a container's log until a line, through the API server.
func (c *cluster) followed(podName, containerName, line string) {
	c.t.Helper()
	stream, err := c.client.CoreV1().Pods(c.namespace).GetLogs(podName, &corev1.PodLogOptions{Container: containerName, Follow: true}).Stream(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	defer stream.Close()
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		if lines.Text() == line {
			return
		}
	}
	c.t.Fatalf("log of %s ended without %q: %v", podName, line, lines.Err())
}

func TestRestartsAndPreviousLog(t *testing.T) {
	c := newCluster(t, func(o *node.Options) { o.Backoff = 5 * time.Second })
	c.create(`{metadata: {name: a}, spec: {restartPolicy: Always, containers: [{name: m, image: host, command: [sh, -c, 'date +%N; exit 2']}]}}`)
	pod := c.until("a", "in a crash loop", func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].RestartCount == 1 && s[0].State.Waiting != nil && s[0].State.Waiting.Reason == "CrashLoopBackOff"
	})
	last := pod.Status.ContainerStatuses[0].LastTerminationState.Terminated
	if last == nil || last.ExitCode != 2 || pod.Status.Phase != corev1.PodRunning {
		t.Errorf("got phase %s and last state %+v, want Running and exit code 2", pod.Status.Phase, last)
	}
	now, err1 := c.log("a", corev1.PodLogOptions{})
	before, err2 := c.log("a", corev1.PodLogOptions{Previous: true})
	if err1 != nil || err2 != nil || now == "" || before == "" || now == before {
		t.Errorf("logs: %q %v, %q %v; want two different ones", now, err1, before, err2)
	}
	c.event("a", "BackOff", "Back-off restarting failed container m")
}

func TestSidecars(t *testing.T) {
	needIsolation(t)
	c := newCluster(t, nil)
	c.create(`
metadata: {name: a}
spec:
  terminationGracePeriodSeconds: 5
  initContainers:
  - {name: first, image: host, restartPolicy: Always, volumeMounts: [{name: v, mountPath: /v}],
     command: [sh, -c, 'trap "echo first >> /v/ends; exit 0" TERM; mkdir /v/up && exit 1; touch /v/first; while :; do sleep 0.05; done']}
  - {name: second, image: host, restartPolicy: Always, volumeMounts: [{name: v, mountPath: /v}],
     command: [sh, -c, 'trap "echo second >> /v/ends; cat /v/ends; exit 0" TERM; touch /v/second; while :; do sleep 0.05; done']}
  - {name: plain, image: host, command: [sh, -c, 'until test -e /v/second && test -e /v/first; do sleep 0.05; done'], volumeMounts: [{name: v, mountPath: /v}]}
  containers:
  - {name: m, image: host, command: [sh, -c, 'echo main >> /v/ends; ls /v'], volumeMounts: [{name: v, mountPath: /v}]}
  volumes: [{name: v, emptyDir: {}}]
`)
	pod := c.finished("a")
	if diff := cmp.Diff("Succeeded, first 0 Completed, second 0 Completed, plain 0 Completed, m 0 Completed", summary(pod)); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, describe(pod))
	}
	if got := pod.Status.InitContainerStatuses[0].RestartCount; got != 1 {
		t.Errorf("the first was restarted %d times, want 1: it failed once", got)
	}
	if got, err := c.log("a", corev1.PodLogOptions{Container: "second"}); err != nil || got != "main\nsecond\n" {
		t.Errorf("ends: got %q, %v; want the main container, then the last sidecar", got, err)
	}
}

func TestOutOfMemory(t *testing.T) {
	ref := pushTool(t)
	if needIsolation(t) != node.IsolationRoot {
		t.Skip("control groups need root here")
	}
	c := newCluster(t, nil)
	c.create(`{metadata: {name: a}, spec: {containers: [{name: m, image: "` + ref + `", args: [eat], resources: {limits: {memory: 64Mi}}}]}}`)
	pod := c.finished("a")
	if diff := cmp.Diff("Failed, m 137 OOMKilled", summary(pod)); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, describe(pod))
	}
}

// The machine cannot be changed from inside, nor other pods' files seen.
func TestIsolation(t *testing.T) {
	isolation := needIsolation(t)
	word := marker(t)
	// Outside /tmp, which containers do not see anyway.
	state, err := os.MkdirTemp("/var/tmp", "cutwater-node-")
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, func(o *node.Options) { o.StateDir = state })
	t.Cleanup(func() {
		c.stop()
		if err := sandbox.RemoveAll(state); err != nil {
			t.Error(err)
		}
	})
	c.create(`
metadata: {name: a}
spec:
  containers:
  - name: m
    image: host
    volumeMounts: [{name: v, mountPath: /made/here}, {name: v, mountPath: /usr/made/here}]
    command:
    - sh
    - -c
    - |
      for dir in / /etc /usr /var /home /root /tmp /opt; do touch $dir/` + word + ` 2>/dev/null; done
      ls ` + c.opts.StateDir + `
      ls -d /proc/[0-9]* | wc -l
      for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/mm/ksm/run; do { echo > $f; } 2>/dev/null && echo $f is writable; done
      mount -t tmpfs none /mnt 2>/dev/null && echo can mount
      mknod /tmp/disk b 254 0 2>/dev/null && echo can make devices
      true
  volumes: [{name: v, emptyDir: {}}]
`)
	c.finished("a")
	got, err := c.log("a", corev1.PodLogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.stop()
	// Of processes, only the shell and what counts them.
	if lines := strings.Fields(got); len(lines) != 1 || !slices.Contains([]string{"2", "3", "4"}, lines[0]) {
		t.Errorf("with isolation %q, the container reports:\n%s", isolation, got)
	}
	for _, dir := range []string{"/", "/etc", "/usr", "/var", "/home", "/root", "/tmp", "/opt"} {
		if _, err := os.Stat(filepath.Join(dir, word)); err == nil {
			t.Errorf("%s/%s is on the machine", dir, word)
		}
	}
	for _, dir := range []string{"/made", "/usr/made"} {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("the mount point %s is on the machine", dir)
		}
	}
	n, err := filepath.Glob(filepath.Join(c.opts.StateDir, "pods", "*", "volumes"))
	if err != nil || len(n) != 0 {
		t.Errorf("volumes of the finished pod: got %v, %v; want none", n, err)
	}
}

// A node that is stopped ends its pods, and so does one that is killed; the
// next one reports them lost, in the words that make plank start them again.
func TestNodeRestart(t *testing.T) {
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprintf("kill=%t", kill), func(t *testing.T) {
			c := newCluster(t, func(o *node.Options) { o.ShutdownGrace = 200 * time.Millisecond })
			if kill {
				c.stop()
				c.startElsewhere()
			}
			word := marker(t)
			c.create(`{metadata: {name: done}, spec: {containers: [{name: m, image: host, command: [echo, before]}]}}`)
			c.create(`{metadata: {name: lost}, spec: {containers: [{name: m, image: host, command: [sh, -c, 'trap "" TERM; echo up; while :; do sleep 0.1; done', ` + word + `]}]}}`)
			c.finished("done")
			c.running("lost", "m")
			c.followed("lost", "m", "up")
			c.stop()
			c.start()
			pod := c.finished("lost")
			if n := processes(t, word); n != 0 {
				t.Errorf("%d processes outlived the node", n)
			}
			if diff := cmp.Diff("Failed Evicted, m 137 ContainerStatusUnknown", summary(pod)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, describe(pod))
			}
			for name, want := range map[string]string{"done": "before\n", "lost": "up\n"} {
				if got, err := c.log(name, corev1.PodLogOptions{}); err != nil || got != want {
					t.Errorf("log of %s after the restart: got %q, %v; want %q", name, got, err, want)
				}
			}
			for _, name := range []string{"done", "lost"} {
				if err := c.client.CoreV1().Pods(c.namespace).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
				c.gone(name)
			}
		})
	}
}

func TestMaxPods(t *testing.T) {
	c := newCluster(t, func(o *node.Options) { o.MaxPods = 1 })
	c.create(`{metadata: {name: a}, spec: {containers: [{name: m, image: host, command: [sh, -c, 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done']}]}}`)
	c.running("a", "m")
	c.followed("a", "m", "up")
	c.create(`{metadata: {name: b}, spec: {containers: [{name: m, image: host, command: ["true"]}]}}`)
	c.until("b", "unschedulable", func(p *corev1.Pod) bool {
		return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable
		})
	})
	if err := c.client.CoreV1().Pods(c.namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Succeeded, m 0 Completed", summary(c.finished("b"))); diff != "" {
		t.Error(diff)
	}
}

// Where nothing can be isolated, pods without volumes run, and others are
// refused with the reason.
func TestWithoutIsolation(t *testing.T) {
	c := newCluster(t, func(o *node.Options) { o.Isolation = node.IsolationNone })
	word := marker(t)
	c.create(`{metadata: {name: a}, spec: {containers: [{name: m, image: host, command: [sh, -c, 'sh -c "sleep 1000; : $0" & echo up', ` + word + `]}]}}`)
	if diff := cmp.Diff("Succeeded, m 0 Completed", summary(c.finished("a"))); diff != "" {
		t.Error(diff)
	}
	if n := processes(t, word); n != 0 {
		t.Errorf("%d processes survived", n)
	}
	c.create(`
metadata: {name: b}
spec:
  containers: [{name: m, image: host, command: ["true"], volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, emptyDir: {}}]
`)
	pod := c.finished("b")
	if diff := cmp.Diff("Failed UnexpectedAdmissionError, m ContainerCreating", summary(pod)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(pod.Status.Message, "neither root nor user namespaces") {
		t.Errorf("message %q does not say why", pod.Status.Message)
	}
}

// Many pods at once are all run, without being slow.
func TestManyPods(t *testing.T) {
	count := 100
	if needIsolation(t) != node.IsolationRoot {
		count = 30 // starts cost more in user namespaces
	}
	c := newCluster(t, nil)
	began := time.Now()
	for i := range count {
		c.create(fmt.Sprintf(`
metadata: {name: p%d}
spec:
  initContainers: [{name: i, image: host, command: ["true"], volumeMounts: [{name: v, mountPath: /v}]}]
  containers:
  - {name: m, image: host, command: [sh, -c, 'mkfifo /v/f; read x < /v/f; exit 0'], volumeMounts: [{name: v, mountPath: /v}]}
  - {name: s, image: host, command: [sh, -c, 'until test -p /v/f; do sleep 0.1; done; echo x > /v/f; exit 0'], volumeMounts: [{name: v, mountPath: /v}]}
  volumes: [{name: v, emptyDir: {}}]`, i))
	}
	t.Logf("%d pods created after %v", count, time.Since(began))
	for i := range count {
		pod := c.finished(fmt.Sprintf("p%d", i))
		if diff := cmp.Diff("Succeeded, i 0 Completed, m 0 Completed, s 0 Completed", summary(pod)); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, describe(pod))
		}
	}
	t.Logf("%d pods finished after %v", count, time.Since(began))
}

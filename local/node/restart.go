// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/logs"
)

// processName is the file that holds a container's processFile while it runs.
const processName = "process.json"

// processStart is when the process pid was started, in the kernel's ticks.
func processStart(pid int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("reading when process %d was started: %w", pid, err)
	}
	// The second field is a name in parentheses, which may hold anything; the
	// 22nd is the start.
	rest := string(data[strings.LastIndexByte(string(data), ')')+1:])
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "", fmt.Errorf("reading when process %d was started: short file", pid)
	}
	return fields[19], nil
}

// bootID tells this start of the machine from others.
func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// killLeftovers ends the processes of an earlier node in the same state
// directory, which died without ending them.
func killLeftovers(podsDir string) error {
	files, err := filepath.Glob(filepath.Join(podsDir, "*", "containers", "*", processName))
	if err != nil {
		return err
	}
	boot := bootID()
	for _, path := range files {
		var p processFile
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &p)
		}
		if err != nil || p.PID <= 1 || p.Boot != boot {
			continue // torn, or from before the machine's restart
		}
		if start, err := processStart(p.PID); err == nil && start == p.Start {
			// It leads a session, and a process tree where it is isolated.
			_ = unix.Kill(p.PID, unix.SIGKILL)
			_ = unix.Kill(-p.PID, unix.SIGKILL)
		}
	}
	return nil
}

// leftBehind says whether an earlier node has started containers of the pod.
func (w *worker) leftBehind() bool {
	for _, s := range slices.Concat(w.pod.Status.InitContainerStatuses, w.pod.Status.ContainerStatuses) {
		if s.State.Running != nil || s.State.Terminated != nil {
			return true
		}
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "containers", "*", "*.log"))
	return err == nil && len(files) > 0
}

// recall takes over a pod that an earlier node has run to its end: there is
// nothing to do but to serve its logs.
func (w *worker) recall() {
	w.remember()
	w.finish(w.pod.Status.Phase, w.pod.Status.Reason, w.pod.Status.Message)
}

// lose gives up a pod that ran when an earlier node died. Its reason is the one
// that makes plank start the job again: like an evicted pod, it is not at
// fault.
func (w *worker) lose() {
	w.remember()
	now := metav1.Now()
	w.mu.Lock()
	for _, c := range slices.Concat(w.inits, w.mains) {
		if c.status.State.Terminated != nil || c.log == nil && c.status.State.Running == nil {
			continue
		}
		var began metav1.Time
		if r := c.status.State.Running; r != nil {
			began = r.StartedAt
		}
		c.status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: exitKilled, Reason: reasonStatusUnknown, StartedAt: began, FinishedAt: now,
			Message: "The container could not be located when the node was restarted.", ContainerID: c.status.ContainerID,
		}}
		c.status.Ready = false
	}
	w.mu.Unlock()
	const message = "The node was restarted while the pod was running."
	w.node.events.pod(w.pod, corev1.EventTypeWarning, "Evicted", message)
	w.finish(corev1.PodFailed, "Evicted", message)
}

// remember fills in what is known of the containers from the pod's object and
// from disk.
func (w *worker) remember() {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := slices.Concat(w.pod.Status.InitContainerStatuses, w.pod.Status.ContainerStatuses)
	for _, c := range slices.Concat(w.inits, w.mains) {
		for _, s := range known {
			if s.Name == c.spec.Name {
				c.status = *s.DeepCopy()
			}
		}
		c.log, c.previous = logsIn(c.dir())
	}
	for _, condition := range w.pod.Status.Conditions {
		if condition.Type == corev1.PodInitialized {
			w.initialized = condition.Status == corev1.ConditionTrue
		}
	}
}

// logsIn finds a container's last log, and the one before.
func logsIn(dir string) (last, before *logs.Log) {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, nil
	}
	var numbers []int32
	for _, path := range files {
		n, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".log"), 10, 32)
		if err == nil {
			numbers = append(numbers, int32(n))
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	if len(numbers) > 0 {
		last = logs.Finished(logPath(dir, numbers[0]))
	}
	if len(numbers) > 1 {
		before = logs.Finished(logPath(dir, numbers[1]))
	}
	return last, before
}

// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// memory is what the kernel counts for a pod, all containers together, in bytes.
type memory struct {
	rss     int64 // what the programs have allocated
	working int64 // and files that are in use: what kubelet goes by
	mapped  int64 // rss, and what they have mapped of files, as their own code; others may share that
}

// memoryOf reads a pod's memory from its cgroup, of either version.
func (w *world) memoryOf(t *testing.T, pod *corev1.Pod) memory {
	t.Helper()
	for _, version := range []struct{ root, used, rss, inactive string }{
		{"/sys/fs/cgroup/memory", "memory.usage_in_bytes", "total_rss", "total_inactive_file"},
		{"/sys/fs/cgroup", "memory.current", "anon", "inactive_file"},
	} {
		for _, class := range []string{"", "burstable", "besteffort"} {
			dir := filepath.Join(version.root, filepath.Base(w.cluster.Namespace()), "kubepods", class, "pod"+string(pod.UID))
			used, err := os.ReadFile(filepath.Join(dir, version.used))
			if err != nil {
				continue
			}
			stat, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
			if err != nil {
				t.Fatal(err)
			}
			fields := fieldsOf(string(stat))
			total, err := strconv.ParseInt(strings.TrimSpace(string(used)), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return memory{rss: fields[version.rss], working: total - fields[version.inactive], mapped: mappedIn(t, dir)}
		}
	}
	t.Fatalf("pod %s has no cgroup", pod.Name)
	return memory{}
}

// mappedIn is the resident memory of the processes of a pod's containers. The
// sandbox's own, pause, is some KiB.
func mappedIn(t *testing.T, dir string) (sum int64) {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs"))
	if err != nil || len(lists) == 0 {
		t.Fatalf("%s has no containers: %v", dir, err)
	}
	for _, list := range lists {
		processes, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		for pid := range strings.FieldsSeq(string(processes)) {
			statm, err := os.ReadFile(filepath.Join("/proc", pid, "statm"))
			if err != nil {
				continue // it has ended
			}
			var size, resident int64
			if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
				t.Fatal(err)
			}
			sum += resident * int64(os.Getpagesize())
		}
	}
	return sum
}

// fieldsOf reads lines of a name and a number.
func fieldsOf(stat string) map[string]int64 {
	fields := map[string]int64{}
	for line := range strings.Lines(stat) {
		var name string
		var value int64
		if n, _ := fmt.Sscan(line, &name, &value); n == 2 {
			fields[name] = value
		}
	}
	return fields
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

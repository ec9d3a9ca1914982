// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

const mountinfo = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 25 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
90 22 0:50 / /state/dev/kubelet/pods/1/volumes/a\040b rw master:3 propagate_from:1 - tmpfs tmpfs rw
91 90 0:51 /sub /state/dev/kubelet/pods/1/volumes/a\040b/c rw - tmpfs tmpfs rw
92 22 0:52 / /state/dev2/x rw - overlay overlay rw,lowerdir=/a - b
cut short
`

func TestParseMounts(t *testing.T) {
	all := parseMounts(mountinfo)
	if len(all) != 6 {
		t.Fatalf("got %d mounts, want 6: %v", len(all), all)
	}
	if diff := cmp.Diff(mount{root: "/", at: "/sys/fs/cgroup/memory", kind: "cgroup"}, all[1], cmp.AllowUnexported(mount{})); diff != "" {
		t.Errorf("a cgroup (-want +got):\n%s", diff)
	}
	// What was mounted last is unmounted first, and nothing of a neighbour.
	want := []string{"/state/dev/kubelet/pods/1/volumes/a b/c", "/state/dev/kubelet/pods/1/volumes/a b"}
	if diff := cmp.Diff(want, below(all, "/state/dev")); diff != "" {
		t.Errorf("below the folder (-want +got):\n%s", diff)
	}
}

// Of the files among others' only the cluster's own are strays.
func TestStrays(t *testing.T) {
	dir := t.TempDir()
	path := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	file := func(content string, names ...string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path(names...)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(names...), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, state := range map[string]string{"cutwater-dev-1-eth0": "dev", "cni-loopback-1-lo": "dev", "cutwater-dev2-2-eth0": "dev2", "cni-loopback-2-lo": "dev2", "other-1-eth0": ""} {
		file(fmt.Sprintf(`{"result":{"interfaces":[{"name":"lo","sandbox":"%s/netns/cni-1"}]}}`, path("state", state)), "results", name)
	}
	// CNI was killed while it wrote these. The second is of nobody's sandbox, and so may be another's.
	file("", "results", "cutwater-dev-0a1b-eth0")
	file("{", "results", "cni-loopback-2b3c-lo")
	for _, sandbox := range []string{"0a1b", "1"} {
		file("", "state", "dev", "containerd", "io.containerd.grpc.v1.cri", "sandboxes", sandbox, "hosts")
	}
	file("", "logs", "file.log")
	for link, target := range map[string]string{"ours.log": "state/dev/pods/0.log", "others.log": "state/dev2/pods/0.log"} {
		if err := os.Symlink(path(target), path("logs", link)); err != nil {
			t.Fatal(err)
		}
	}
	file("unix:///run/containerd/s/0a1b", "state", "dev", "containerd-state", "task", "k8s.io", "1", "address")
	file("unix:///run/containerd/s/../../x", "state", "dev", "containerd-state", "task", "k8s.io", "2", "address")

	c := &Cluster{settings: settings.Cluster{Name: "cutwater-dev", Dir: path("state", "dev")}}
	got, err := c.strays(path("logs"), path("results"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{"/run/containerd/s/0a1b", path("logs", "ours.log"), path("results", "cutwater-dev-0a1b-eth0"), path("results", "cni-loopback-1-lo"), path("results", "cutwater-dev-1-eth0")}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("strays (-want +got):\n%s", diff)
	}
}

func TestReady(t *testing.T) {
	condition := func(status corev1.ConditionStatus) []corev1.NodeCondition {
		return []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
	}
	for _, tc := range []struct {
		name string
		node corev1.Node
		want bool
	}{
		{"new", corev1.Node{}, false},
		{"not ready", corev1.Node{Status: corev1.NodeStatus{Conditions: condition(corev1.ConditionFalse)}}, false},
		{"unknown", corev1.Node{Status: corev1.NodeStatus{Conditions: condition(corev1.ConditionUnknown)}}, false},
		{"tainted", corev1.Node{
			Spec:   corev1.NodeSpec{Taints: []corev1.Taint{{Key: corev1.TaintNodeNotReady}}},
			Status: corev1.NodeStatus{Conditions: condition(corev1.ConditionTrue)},
		}, false},
		{"ready", corev1.Node{Status: corev1.NodeStatus{Conditions: condition(corev1.ConditionTrue)}}, true},
	} {
		if err := ready(&tc.node); (err == nil) != tc.want {
			t.Errorf("%s: got %v, want ready: %v", tc.name, err, tc.want)
		}
	}
}

// Whoever gives a wrong name is told so, before anything happens.
func TestDescribe(t *testing.T) {
	if os.Geteuid() != 0 {
		if _, err := describe(Options{}); err == nil {
			t.Error("it needs no root")
		}
		return
	}
	state := t.TempDir()
	for _, tc := range []struct {
		opts    Options
		wantDir string // empty: an error
	}{
		{Options{}, "/var/lib/cutwater-clusters/dev"},
		{Options{Name: "two", State: "/srv"}, "/srv/two"},
		{Options{Name: "a/b"}, ""},
		{Options{Name: ".."}, ""},
		{Options{Name: "a-b"}, ""},
		{Options{State: "/srv/" + string(make([]byte, 60))}, ""},
	} {
		c, err := describe(tc.opts)
		if (err != nil) != (tc.wantDir == "") || err == nil && c.Dir() != tc.wantDir {
			t.Errorf("%q: got %v, %v; want the folder %q", tc.opts, c, err, tc.wantDir)
		}
	}
	if _, err := Open(Options{State: state}); !errors.Is(err, ErrNone) {
		t.Errorf("opening none: got error %v, want %v", err, ErrNone)
	}
}

// Of two that wait while the last cluster is stopped, and its folder removed, one
// has the lock.
func TestLock(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	ours := func(said io.Writer) *Cluster {
		return &Cluster{settings: settings.Cluster{Dir: filepath.Join(state, "dev")}, progress: said}
	}
	stopped, err := ours(io.Discard).lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told, tell := io.Pipe()
	locked := make(chan func(), 1)
	go func() {
		unlock, err := ours(tell).lock(t.Context())
		if err != nil {
			t.Error(err)
		}
		locked <- unlock
	}()
	if said, err := bufio.NewReader(told).ReadString('\n'); err != nil || !strings.Contains(said, "waiting for another") {
		t.Errorf("who waits is told %q, %v", said, err)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	stopped()
	unlock := <-locked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ours(io.Discard).lock(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v for a third, want that it would wait", err)
	}
	unlock()
	if unlock, err = ours(io.Discard).lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/controllers"
	"github.com/cutwater-ci/cutwater/internal/proctest"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// BenchmarkFailover has two controllers as processes of their own, with the
// default times: how long until they share out, until one has all when the other
// gets SIGTERM, until they share again when it is back, and until one has all
// when the other gets SIGKILL; and what the one with all takes of memory and CPU then, at rest.
func BenchmarkFailover(b *testing.B) {
	plane := controlplane.TestPlane(b)
	kube := kubernetes.NewForConfigOrDie(plane.Config)
	program := filepath.Join(b.TempDir(), "controller")
	build := exec.CommandContext(b.Context(), "go", "build", "-tags=disable_grpc_modules", "-ldflags=-s -w", "-o", program, "../cmd/controller") // as .ko.yaml
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building the controller: %v\n%s", err, out)
	}
	for round := range b.N {
		namespace := fmt.Sprint("failover-", round)
		if _, err := kube.CoreV1().Namespaces().Create(b.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
		start := func(name string) *exec.Cmd { return startReplica(b, program, namespace, name, plane.Kubeconfig) }
		until := func(metric, holders string) {
			began := time.Now()
			proctest.Until(b, "leases are held by "+holders, func() bool { return holdersOf(b, kube, namespace) == holders })
			b.ReportMetric(time.Since(began).Seconds(), metric)
		}
		one := start("one")
		until("s-start", "one one one")
		two := start("two")
		until("s-share", "one one two")
		signal(b, one, syscall.SIGTERM)
		until("s-stop", "two two two")
		ended(b, one)
		one = start("uno")
		until("s-share-again", "two two uno")
		signal(b, two, syscall.SIGKILL)
		until("s-kill", "uno uno uno")
		before := cpuSeconds(b, one.Process.Pid)
		wait := time.NewTimer(30 * time.Second)
		<-wait.C
		b.ReportMetric((cpuSeconds(b, one.Process.Pid)-before)/30*1000, "mCPU-idle")
		b.ReportMetric(statusMiB(b, one.Process.Pid, "VmRSS"), "MiB-idle")
		signal(b, one, syscall.SIGTERM)
		ended(b, one)
	}
}

func startReplica(b *testing.B, program, namespace, name string, kubeconfig []byte) *exec.Cmd {
	b.Helper()
	dir := b.TempDir()
	process := exec.CommandContext(b.Context(), program)
	process.Env = append(os.Environ(),
		"HOST=127.0.0.1", "PORT="+freePort(b), "CONTROLLERS=plank,crier,crier-bucket", "POD_NAME="+name,
		"KUBECONFIG="+write(b, dir, "kubeconfig", string(kubeconfig)),
		"CONFIG_PATH="+write(b, dir, "config.yaml", fmt.Sprintf("prowjob_namespace: %[1]s\npod_namespace: %[1]s\n", namespace)))
	process.Stderr = &bytes.Buffer{}
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	return process
}

func holdersOf(b *testing.B, kube kubernetes.Interface, namespace string) string {
	b.Helper()
	list, err := kube.CoordinationV1().Leases(namespace).List(b.Context(), metav1.ListOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var holders []string
	for _, lease := range list.Items {
		if holder := lease.Spec.HolderIdentity; holder != nil && lease.Name != controllers.WaitingLease {
			holders = append(holders, cmp.Or(*holder, "-"))
		}
	}
	slices.Sort(holders)
	return strings.Join(holders, " ")
}

func signal(b *testing.B, process *exec.Cmd, s syscall.Signal) {
	b.Helper()
	if err := process.Process.Signal(s); err != nil {
		b.Fatal(err)
	}
}

func ended(b *testing.B, process *exec.Cmd) {
	b.Helper()
	if err := process.Wait(); err != nil {
		b.Fatalf("the controller ended with %v:\n%s", err, process.Stderr)
	}
}

// cpuSeconds is what a process has had of the CPUs.
func cpuSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var user, system float64
	if _, err := fmt.Sscan(string(fields[11])+" "+string(fields[12]), &user, &system); err != nil {
		b.Fatal(err)
	}
	return (user + system) / 100 // ticks
}

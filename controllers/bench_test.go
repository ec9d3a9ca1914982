// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// BenchmarkPods1000 is the time from the first of 1,000 ProwJobs, created by
// 16 writers, to the last of their pods, with the controller as a process of
// its own, and what that process took: peak memory and time on CPUs.
func BenchmarkPods1000(b *testing.B) {
	const runs, writers = 1000, 16
	plane := controlplane.TestPlane(b)
	config := rest.CopyConfig(plane.Config)
	config.QPS = -1
	kube, prow := kubernetes.NewForConfigOrDie(config), versioned.NewForConfigOrDie(config)
	program := filepath.Join(b.TempDir(), "controller")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../cmd/controller").CombinedOutput(); err != nil {
		b.Fatalf("building the controller: %v\n%s", err, out)
	}
	b.ResetTimer()
	for round := range b.N {
		b.StopTimer()
		namespace := fmt.Sprint("round-", round)
		if _, err := kube.CoreV1().Namespaces().Create(b.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
		pods := podsOf(b, kube, namespace, runs)
		process := startController(b, program, namespace, plane.Kubeconfig)

		b.StartTimer()
		began := time.Now()
		var group errgroup.Group
		for writer := range writers {
			group.Go(func() error {
				for i := writer; i < runs; i += writers {
					if _, err := prow.ProwV1().ProwJobs(namespace).Create(b.Context(), weighty(i), metav1.CreateOptions{}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatalf("creating ProwJobs: %v", err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-to-create-jobs")
		for range runs {
			select {
			case <-pods:
			case <-time.After(5 * time.Minute):
				b.Fatal("pods are missing after five minutes")
			}
		}
		b.ReportMetric(runs/time.Since(began).Seconds(), "pods/s")
		b.StopTimer()
		b.ReportMetric(peakMiB(b, process.Process.Pid), "MiB-peak")
		if err := process.Process.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		if err := process.Wait(); err != nil {
			b.Fatalf("the controller ended with %v:\n%s", err, process.Stderr)
		}
		b.ReportMetric((process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Seconds(), "s-cpu")
		b.StartTimer()
	}
}

// podsOf tells of each new pod of a namespace.
func podsOf(b *testing.B, kube kubernetes.Interface, namespace string, n int) <-chan struct{} {
	b.Helper()
	pods := make(chan struct{}, n)
	factory := informers.NewSharedInformerFactoryWithOptions(kube, 0, informers.WithNamespace(namespace), informers.WithTransform(resources.SlimPod))
	if _, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(any) { pods <- struct{}{} }}); err != nil {
		b.Fatal(err)
	}
	factory.Start(b.Context().Done())
	factory.WaitForCacheSync(b.Context().Done())
	return pods
}

// startController starts the program and waits for it to be healthy and elected.
func startController(b *testing.B, program, namespace string, kubeconfig []byte) *exec.Cmd {
	b.Helper()
	dir := b.TempDir()
	port := freePort(b)
	process := exec.CommandContext(b.Context(), program)
	process.Env = append(os.Environ(),
		"HOST=127.0.0.1", "PORT="+port, "CONTROLLERS=plank",
		"KUBECONFIG="+write(b, dir, "kubeconfig", string(kubeconfig)),
		"CONFIG_PATH="+write(b, dir, "config.yaml", fmt.Sprintf("prowjob_namespace: %[1]s\npod_namespace: %[1]s\n", namespace)))
	process.Stderr = &bytes.Buffer{}
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	if err := wait.PollUntilContextTimeout(b.Context(), 20*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		resp, err := http.Get("http://127.0.0.1:" + port + "/healthz")
		if err != nil {
			return false, nil
		}
		return resp.StatusCode == http.StatusOK, resp.Body.Close()
	}); err != nil {
		b.Fatalf("waiting for the controller: %v", err)
	}
	return process
}

// weighty is a ProwJob about as big as those of real configurations, some 8 KiB.
func weighty(i int) *prowv1.ProwJob {
	container := corev1.Container{Image: "alpine", Args: []string{strings.Repeat("echo hello; ", 150)}}
	for n := range 40 {
		container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprint("SETTING_", n), Value: strings.Repeat("x", 100)})
	}
	return &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("run-", i)},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PeriodicJob, Agent: prowv1.KubernetesAgent, Job: fmt.Sprint("job-", i),
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{container}},
		},
		Status: prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: metav1.Now()},
	}
}

// peakMiB is the most memory that a process ever had.
func peakMiB(b *testing.B, pid int) float64 {
	b.Helper()
	return statusMiB(b, pid, "VmHWM")
}

// statusMiB is an amount of memory that the kernel tells of a process.
func statusMiB(b *testing.B, pid int, what string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	found := regexp.MustCompile(what + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		b.Fatalf("no %s in %s", what, status)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

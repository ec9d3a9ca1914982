// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"fmt"
	"net"
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

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/proctest"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// BenchmarkSinker10000 is one cleaning of 10,000 ProwJobs of some 8 KiB and 1,000
// pods, of which half are to be deleted, by a process of its own, and what that
// process took: peak memory and time on CPUs.
func BenchmarkSinker10000(b *testing.B) {
	const runs, pods = 10_000, 1_000
	plane := controlplane.TestPlane(b)
	program := filepath.Join(b.TempDir(), "sinker")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../../cmd/sinker").CombinedOutput(); err != nil {
		b.Fatalf("building sinker: %v\n%s", err, out)
	}
	for range b.N {
		b.StopTimer()
		w := newWorld(b, plane.Config)
		w.fill(b, runs, pods)
		dir, port := b.TempDir(), freePort(b)
		configPath, kubeconfig := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "kubeconfig")
		write(b, configPath, fmt.Sprintf("prowjob_namespace: %s\npod_namespace: %s\nsinker: {terminated_pod_ttl: 1m}\n", w.jobs, w.pods))
		write(b, kubeconfig, string(plane.Kubeconfig))
		process := exec.CommandContext(b.Context(), program)
		process.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT="+port, "CONFIG_PATH="+configPath, "KUBECONFIG="+kubeconfig)
		if err := process.Start(); err != nil {
			b.Fatal(err)
		}
		address := "http://127.0.0.1:" + port
		proctest.Until(b, "sinker is healthy", func() bool {
			answer, err := http.Get(address + "/healthz")
			return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
		})
		b.StartTimer()
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, strings.NewReader("{}"))
		if err != nil {
			b.Fatal(err)
		}
		request.Header = pingHeader()
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if answer.Body.Close() != nil || answer.StatusCode != http.StatusAccepted {
			b.Fatalf("sinker answered %s", answer.Status)
		}
		left, err := w.listRuns(b.Context(), w.jobs)
		if err != nil || len(left) != runs/2 {
			b.Fatalf("%d ProwJobs are left, %v, want %d", len(left), err, runs/2)
		}
		b.ReportMetric(peakMiB(b, process.Process.Pid), "MiB-peak")
		if err := process.Process.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		if err := process.Wait(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Seconds(), "s-cpu")
		b.StartTimer()
	}
}

// freePort finds a port that is free now, and most likely still is in a moment.
func freePort(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

// fill makes ProwJobs and pods for the first of them. Every second is long over.
func (w *world) fill(b *testing.B, runs, pods int) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	prow := versioned.NewForConfigOrDie(w.config).ProwV1().ProwJobs(w.jobs)
	for i := range runs {
		group.Go(func() error {
			ended := time.Hour - later
			if i%2 == 0 {
				ended = 200 * time.Hour
			}
			pj := ran(fmt.Sprint("run-", i), prowv1.PresubmitJob, "unit", ended, ended)
			shift := time.Since(now)
			pj.Status.StartTime.Time, pj.Status.CompletionTime.Time = pj.Status.StartTime.Add(shift), pj.Status.CompletionTime.Add(shift)
			pj.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine", Args: []string{strings.Repeat("echo hello; ", 600)}}}}
			_, err := prow.Create(b.Context(), pj, metav1.CreateOptions{})
			return err
		})
	}
	for i := range pods {
		group.Go(func() error {
			name := fmt.Sprint("run-", i)
			_, err := w.kube.CoreV1().Pods(w.pods).Create(b.Context(), &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: ours(name)},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "test", Image: "alpine", Args: []string{strings.Repeat("echo hello; ", 600)}}}},
			}, metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// peakMiB is the most memory that the process had.
func peakMiB(tb testing.TB, pid int) float64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		tb.Fatal("the kernel does not say how much memory the process had")
	}
	kib, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kib / 1024
}

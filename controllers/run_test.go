// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

const configYAML = `
prowjob_namespace: jobs
pod_namespace: pods
plank:
  job_url_template: 'https://prow.example/{{.Spec.Job}}/{{.Status.BuildID}}'
  max_concurrency: 1
`

// TestRun is the program from its environment to its metrics.
func TestRun(t *testing.T) {
	plane := controlplane.TestPlane(t)
	kube, prow := kubernetes.NewForConfigOrDie(plane.Config), versioned.NewForConfigOrDie(plane.Config)
	for _, namespace := range []string{"jobs", "pods"} {
		if _, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	port := freePort(t)
	env := map[string]string{
		"HOST": "127.0.0.1", "PORT": port,
		"CONFIG_PATH": write(t, dir, "config.yaml", configYAML),
		"KUBECONFIG":  write(t, dir, "kubeconfig", string(plane.Kubeconfig)),
		"CONTROLLERS": "plank,crier",
	}
	for round, name := range []string{"first", "second"} { // the second is after a restart
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- controllers.Run(ctx, envconfig.MapLookuper(env).Lookup) }()
		pj := &prowv1.ProwJob{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: prowv1.ProwJobSpec{
				Type: prowv1.PeriodicJob, Agent: prowv1.KubernetesAgent, Job: "nightly",
				PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine"}}},
			},
			Status: prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: metav1.Now()},
		}
		if _, err := prow.ProwV1().ProwJobs("jobs").Create(t.Context(), pj, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" having its pod", func() bool {
			pj, err := prow.ProwV1().ProwJobs("jobs").Get(t.Context(), name, metav1.GetOptions{})
			if err != nil || pj.Status.State != prowv1.PendingState {
				return false
			}
			if want := "https://prow.example/nightly/" + pj.Status.BuildID; pj.Status.URL != want {
				t.Fatalf("URL is %q, want %q", pj.Status.URL, want)
			}
			_, err = kube.CoreV1().Pods("pods").Get(t.Context(), name, metav1.GetOptions{})
			return err == nil
		})
		if body := get(t, port, "/healthz"); body != "OK" {
			t.Errorf("/healthz answers %q, want OK", body)
		}
		metric := `prowjobs{base_ref="",cluster="default",job_name="nightly",job_namespace="jobs",org="",repo="",retest="false",state="pending",type="periodic"} 1`
		eventually(t, "metric "+metric, func() bool { return strings.Contains(get(t, port, "/metrics"), metric) })
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("round %d ended with %v, want nothing", round, err)
		}
		succeed(t, kube, name)
	}
	_, err := prow.ProwV1().ProwJobs("jobs").Get(t.Context(), "first", metav1.GetOptions{})
	if err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	good := map[string]string{
		"HOST": "127.0.0.1", "PORT": "0",
		"CONFIG_PATH": write(t, dir, "config.yaml", configYAML),
		"KUBECONFIG": write(t, dir, "kubeconfig", `{"apiVersion":"v1","kind":"Config","current-context":"c",`+
			`"clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:1"}}],"contexts":[{"name":"c","context":{"cluster":"c"}}]}`),
	}
	for _, tc := range []struct{ name, key, value, want string }{
		{"no config", "CONFIG_PATH", "", "CONFIG_PATH"},
		{"no such config", "CONFIG_PATH", filepath.Join(dir, "lost.yaml"), "lost.yaml"},
		{"bad config", "CONFIG_PATH", write(t, dir, "bad.yaml", "plank: {max_concurrency: -1}"), "max_concurrency"},
		{"no such kubeconfig", "KUBECONFIG", filepath.Join(dir, "lost"), "KUBECONFIG"},
		{"no such controller", "CONTROLLERS", "plank,hook", `there is no controller "hook"`},
		{"bad election", "LEADER_ELECTION", "fast", "LEADER_ELECTION must be"},
		{"no such token", "GITHUB_TOKEN_PATH", filepath.Join(dir, "token"), "token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := map[string]string{tc.key: tc.value}
			for key, value := range good {
				if key != tc.key {
					env[key] = value
				}
			}
			err := controllers.Run(t.Context(), envconfig.MapLookuper(env).Lookup)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestRunWithoutServer stops a process that never reached its API server.
func TestRunWithoutServer(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	env := map[string]string{
		"HOST": "127.0.0.1", "PORT": port,
		"CONFIG_PATH": write(t, dir, "config.yaml", configYAML),
		"KUBECONFIG": write(t, dir, "kubeconfig", `{"apiVersion":"v1","kind":"Config","current-context":"c",`+
			`"clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:1"}}],"contexts":[{"name":"c","context":{"cluster":"c"}}]}`),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- controllers.Run(ctx, envconfig.MapLookuper(env).Lookup) }()
	eventually(t, "health", func() bool {
		resp, err := http.Get("http://127.0.0.1:" + port + "/healthz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v, want nothing", err)
	}
}

// succeed ends a pod well, and so lets the next run start.
func succeed(t *testing.T, kube kubernetes.Interface, name string) {
	t.Helper()
	pod, err := kube.CoreV1().Pods("pods").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.Phase = corev1.PodSucceeded
	if _, err := kube.CoreV1().Pods("pods").UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil && !apierrors.IsConflict(err) {
		t.Fatal(err)
	}
}

func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort finds a port that is free now, and most likely still is in a moment.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

func get(t *testing.T, port, path string) string {
	t.Helper()
	resp, err := http.Get("http://127.0.0.1:" + port + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		return ok(), nil
	}); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

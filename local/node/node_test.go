// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/node"
)

// kubeconfigKey names, for a test binary started by TestAsNobody, the API
// server to use.
const kubeconfigKey = "CUTWATER_TEST_KUBECONFIG"

// plane is the API server that the tests share.
var plane struct {
	sync.Mutex
	config     *rest.Config
	kubeconfig []byte
	kubeletCAs *x509.CertPool
	stop       func() error
}

// elsewhereKey names, for a test binary started by startElsewhere, the state
// directory of the node it is to be.
const elsewhereKey = "CUTWATER_TEST_NODE"

func TestMain(m *testing.M) {
	node.RunIfInit()
	if dir := os.Getenv(elsewhereKey); dir != "" {
		if err := runElsewhere(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	code := m.Run()
	if plane.stop != nil {
		if err := plane.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// apiServer is the shared API server, started when first asked for.
func apiServer(t *testing.T) *rest.Config {
	t.Helper()
	plane.Lock()
	defer plane.Unlock()
	if plane.config != nil {
		return plane.config
	}
	if path := os.Getenv(kubeconfigKey); path != "" {
		config, err := clientcmd.BuildConfigFromFlags("", path)
		if err != nil {
			t.Fatal(err)
		}
		plane.config = config
		return config
	}
	p, err := controlplane.Start(context.WithoutCancel(t.Context()), controlplane.Options{Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	plane.config, plane.kubeconfig, plane.kubeletCAs, plane.stop = p.Config, p.Kubeconfig, p.KubeletClientCA, p.Stop
	return plane.config
}

// A cluster is an API server with one node, in a namespace for one test.
type cluster struct {
	t         *testing.T
	client    kubernetes.Interface
	namespace string
	opts      node.Options
	stop      func()
}

// newCluster starts a node for the test. Pauses are short.
func newCluster(t *testing.T, change func(*node.Options)) *cluster {
	t.Helper()
	config := rest.CopyConfig(apiServer(t))
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, client: client, namespace: ns.Name, opts: node.Options{
		Config: config, Name: ns.Name, StateDir: filepath.Join(t.TempDir(), "node"), ClientCAs: plane.kubeletCAs,
		Images:  map[string]node.Image{"cutwater.local/tool": {Entrypoint: []string{program}}},
		HostEnv: []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"},
		Backoff: 100 * time.Millisecond, RetryInterval: 50 * time.Millisecond,
	}}
	if change != nil {
		change(&c.opts)
	}
	c.start()
	return c
}

// start starts the node; calling stop, or the end of the test, ends it.
func (c *cluster) start() {
	c.t.Helper()
	n, err := node.New(c.opts)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.t.Context()))
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Errorf("running the node: %v", err)
		}
	})
	c.t.Cleanup(c.stop)
}

// startElsewhere starts the node in a process of its own; stop kills that.
func (c *cluster) startElsewhere() {
	c.t.Helper()
	config := filepath.Join(c.opts.StateDir, "kubeconfig")
	data := plane.kubeconfig
	if path := os.Getenv(kubeconfigKey); path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := os.WriteFile(config, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(c.t.Context()), "/proc/self/exe")
	cmd.Env = append(os.Environ(), elsewhereKey+"="+c.opts.StateDir, kubeconfigKey+"="+config, "CUTWATER_TEST_NODE_NAME="+c.opts.Name)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c.t.Cleanup(c.stop)
}

// runElsewhere is the node that startElsewhere starts.
func runElsewhere(dir string) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv(kubeconfigKey))
	if err != nil {
		return err
	}
	n, err := node.New(node.Options{Config: config, Name: os.Getenv("CUTWATER_TEST_NODE_NAME"), StateDir: dir})
	if err != nil {
		return err
	}
	return n.Run(context.Background())
}

// create creates a pod from the YAML of its metadata and spec.
func (c *cluster) create(text string) *corev1.Pod {
	c.t.Helper()
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), pod); err != nil {
		c.t.Fatalf("%v in:\n%s", err, text)
	}
	if pod.Spec.RestartPolicy == "" {
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	}
	no := false
	pod.Spec.AutomountServiceAccountToken = &no
	created, err := c.client.CoreV1().Pods(c.namespace).Create(c.t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return created
}

// until waits for the pod called name to satisfy ok, and returns it then.
func (c *cluster) until(name, what string, ok func(*corev1.Pod) bool) *corev1.Pod {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	options := metav1.ListOptions{FieldSelector: "metadata.name=" + name}
	var last *corev1.Pod
	for {
		list, err := c.client.CoreV1().Pods(c.namespace).List(ctx, options)
		if err != nil {
			c.t.Fatalf("waiting for pod %s to be %s: %v; last status:\n%s", name, what, err, describe(last))
		}
		for i := range list.Items {
			if last = &list.Items[i]; ok(last) {
				return last
			}
		}
		options.ResourceVersion = list.ResourceVersion
		events, err := c.client.CoreV1().Pods(c.namespace).Watch(ctx, options)
		if err != nil {
			c.t.Fatalf("waiting for pod %s to be %s: %v; last status:\n%s", name, what, err, describe(last))
		}
		for event := range events.ResultChan() {
			pod, isPod := event.Object.(*corev1.Pod)
			if !isPod || event.Type == watch.Deleted {
				continue
			}
			if last = pod; ok(pod) {
				events.Stop()
				return pod
			}
		}
		options.ResourceVersion = ""
	}
}

// gone waits for the pod called name to be deleted.
func (c *cluster) gone(name string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	events, err := c.client.CoreV1().Pods(c.namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		c.t.Fatal(err)
	}
	defer events.Stop()
	if _, err := c.client.CoreV1().Pods(c.namespace).Get(ctx, name, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		return
	}
	for event := range events.ResultChan() {
		if event.Type == watch.Deleted {
			return
		}
	}
	c.t.Fatalf("pod %s is still there", name)
}

// finished waits for the pod called name to have its final phase.
func (c *cluster) finished(name string) *corev1.Pod {
	c.t.Helper()
	return c.until(name, "finished", func(p *corev1.Pod) bool {
		return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	})
}

// running waits for the container of the pod called name to run.
func (c *cluster) running(name, containerName string) *corev1.Pod {
	c.t.Helper()
	return c.until(name, "running", func(p *corev1.Pod) bool {
		for _, s := range append(p.Status.ContainerStatuses, p.Status.InitContainerStatuses...) {
			if s.Name == containerName && s.State.Running != nil {
				return true
			}
		}
		return false
	})
}

// log reads a log through the API server.
func (c *cluster) log(name string, opts corev1.PodLogOptions) (string, error) {
	data, err := c.client.CoreV1().Pods(c.namespace).GetLogs(name, &opts).DoRaw(c.t.Context())
	return string(data), err
}

// describe is a pod's status in YAML.
func describe(pod *corev1.Pod) string {
	if pod == nil {
		return "no pod"
	}
	data, err := yaml.Marshal(pod.Status)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// summary is a pod's status in a few words: its phase, and for each container
// its name, exit code and reason.
func summary(pod *corev1.Pod) string {
	parts := []string{string(pod.Status.Phase)}
	if pod.Status.Reason != "" {
		parts[0] += " " + pod.Status.Reason
	}
	for _, s := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		switch {
		case s.State.Terminated != nil:
			t := s.State.Terminated
			parts = append(parts, fmt.Sprintf("%s %d %s", s.Name, t.ExitCode, t.Reason))
		case s.State.Running != nil:
			parts = append(parts, s.Name+" running")
		case s.State.Waiting != nil:
			parts = append(parts, s.Name+" "+s.State.Waiting.Reason)
		}
	}
	return strings.Join(parts, ", ")
}

// TestAsNobody runs the other tests as an ordinary user, whose pods are
// isolated by user namespaces.
func TestAsNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: the other tests run as an ordinary user anyway")
	}
	apiServer(t)
	dir, err := os.MkdirTemp("", "cutwater-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	toolProgram, err := os.ReadFile(tool(t))
	if err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	for name, data := range map[string][]byte{"node.test": program, "kubeconfig": plane.kubeconfig, "tool": toolProgram} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, data, 0o500), os.Chown(path, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "tmp"), 0o700), os.Chown(filepath.Join(dir, "tmp"), nobody, nobody), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "node.test"), "-test.v", "-test.timeout=3m")
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + filepath.Join(dir, "tmp"),
		kubeconfigKey + "=" + filepath.Join(dir, "kubeconfig"), toolKey + "=" + filepath.Join(dir, "tool"),
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("as nobody: %v", err)
	}
	t.Logf("as nobody:\n%s", out.String())
}

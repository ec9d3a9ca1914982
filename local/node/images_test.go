// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node"
)

// toolKey names, for a test binary started by TestAsNobody, the built tool.
const toolKey = "CUTWATER_TEST_TOOL"

// tool builds testdata/tool and returns where it is.
func tool(t *testing.T) string {
	t.Helper()
	if path := os.Getenv(toolKey); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "tool")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./testdata/tool")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// pushTool starts a registry with an image whose only program is the tool, and
// returns the image's name.
func pushTool(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	ref := strings.TrimPrefix(server.URL, "http://") + "/tool:v1"
	program, err := os.ReadFile(tool(t))
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range []struct {
		name, data string
		mode       int64
	}{
		{"bin/tool", string(program), 0o755},
		{"etc/passwd", "root:x:0:0::/root:/none\nann:x:1234:55::/home/ann:/none\n", 0o644},
		{"etc/group", "staff:x:77:\n", 0o644},
	} {
		err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))})
		if err == nil {
			_, err = w.Write([]byte(f.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, l)
	if err == nil {
		img, err = mutate.Config(img, v1.Config{
			Entrypoint: []string{"/bin/tool"}, Cmd: []string{"id"}, Env: []string{"FROM=image", "PATH=/bin"}, WorkingDir: "/work", User: "ann:staff",
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, img); err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestImages(t *testing.T) {
	isolation := needIsolation(t)
	ref := pushTool(t)
	c := newCluster(t, nil)
	// An ordinary user cannot be more than one user.
	groups := func(list string) string {
		if isolation == node.IsolationUserNamespace {
			return ""
		}
		return list
	}
	cases := []podCase{
		{
			name:    "as-it-is",
			spec:    `containers: [{name: m, image: "` + ref + `"}]`,
			summary: "Succeeded, m 0 Completed",
			logs:    map[string]string{"m": "1234 77 [" + groups("") + "]\n"},
		},
		{
			name:    "arguments",
			spec:    `containers: [{name: m, image: "` + ref + `", args: ["env:FROM", "env:HOME", dir, "ls:/"], env: [{name: FROM, value: pod}]}]`,
			summary: "Succeeded, m 0 Completed",
			logs:    map[string]string{"m": "pod\n/home/ann\n/work\nbin dev etc proc sys tmp work \n"},
		},
		{
			name: "root",
			spec: `
securityContext: {runAsUser: 0, fsGroup: 99, supplementalGroups: [98]}
containers:
- {name: m, image: "` + ref + `", command: [tool, id, "write:/etc/passwd:x", "cat:/etc/passwd", "write:/v/x:1", "cat:/v/x"], volumeMounts: [{name: v, mountPath: /v}]}
volumes: [{name: v, emptyDir: {}}]`,
			summary: "Succeeded, m 0 Completed",
			logs:    map[string]string{"m": "0 0 [" + groups("98 99") + "]\nx\n1\n"},
		},
		{
			name: "read-only-root",
			spec: `
containers:
- name: m
  image: "` + ref + `"
  args: ["write:/etc/passwd:x", "write:/v/x:1", "cat:/v/x"]
  securityContext: {runAsUser: 0, readOnlyRootFilesystem: true}
  volumeMounts: [{name: v, mountPath: /v}]
volumes: [{name: v, emptyDir: {}}]`,
			summary: "Succeeded, m 0 Completed",
			logs:    map[string]string{"m": "not written\n1\n"},
		},
	}
	runCases(t, c, cases)
	c.create(`{metadata: {name: strict}, spec: {containers: [{name: m, image: "` + ref + `", securityContext: {runAsNonRoot: true, runAsUser: 0}}]}}`)
	c.waiting("strict", "CreateContainerConfigError", "runAsNonRoot")
}

// waiting waits for the pod's container to wait for that reason.
func (c *cluster) waiting(podName, reason, message string) *corev1.Pod {
	c.t.Helper()
	return c.until(podName, reason, func(p *corev1.Pod) bool {
		for _, s := range p.Status.ContainerStatuses {
			if w := s.State.Waiting; w != nil && w.Reason == reason && strings.Contains(w.Message, message) {
				return true
			}
		}
		return false
	})
}

func TestWaiting(t *testing.T) {
	ref := pushTool(t)
	c := newCluster(t, nil)
	for _, pod := range []string{
		`{metadata: {name: image}, spec: {containers: [{name: m, image: "` + ref + `-not"}]}}`,
		`{metadata: {name: name}, spec: {containers: [{name: m, image: "No/Such Name"}]}}`,
		`{metadata: {name: never}, spec: {containers: [{name: m, image: "` + ref + `", imagePullPolicy: Never}]}}`,
		`{metadata: {name: env}, spec: {containers: [{name: m, image: host, command: [sh, -c, 'test "$A" = 1'], env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]}]}}`,
		`{metadata: {name: from}, spec: {containers: [{name: m, image: host, command: ["true"], envFrom: [{configMapRef: {name: c}}]}]}}`,
	} {
		c.create(pod)
	}
	if isolation, _ := node.Probe(t.Context()); isolation != node.IsolationNone {
		c.waiting("image", "ErrImagePull", "MANIFEST_UNKNOWN")
		c.waiting("image", "ImagePullBackOff", "Back-off pulling image")
		c.waiting("name", "InvalidImageName", "invalid image name")
		c.waiting("never", "ErrImageNeverPull", "pull policy of Never")
		c.volumeAppears()
	}
	c.waiting("env", "CreateContainerConfigError", `secret "s" not found`)
	c.waiting("from", "CreateContainerConfigError", `configmap "c" not found`)
	if _, err := c.client.CoreV1().Secrets(c.namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s"}, Data: map[string][]byte{"b": []byte("1")},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.waiting("env", "CreateContainerConfigError", "couldn't find key a in Secret")
	if _, err := c.client.CoreV1().Secrets(c.namespace).Update(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s"}, Data: map[string][]byte{"a": []byte("1")},
	}, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Succeeded, m 0 Completed", summary(c.finished("env"))); diff != "" {
		t.Error(diff)
	}
}

// A volume that is not what its pod says is told in an Event.
func TestBadVolume(t *testing.T) {
	needIsolation(t)
	c := newCluster(t, nil)
	for _, test := range []struct{ name, volume, want string }{
		{"missing", "hostPath: {path: /no/such/dir}", "hostPath type check failed: stat /no/such/dir: no such file or directory"},
		{"kind", "hostPath: {path: /etc/passwd, type: Directory}", "hostPath type check failed: /etc/passwd is not a Directory"},
		{"claim", "persistentVolumeClaim: {claimName: x}", "this kind of volume is not supported on a single machine"},
		{"key", "secret: {secretName: s, items: [{key: none, path: none}]}", `secrets "s" not found`},
	} {
		c.create(`
metadata: {name: ` + test.name + `}
spec:
  containers: [{name: m, image: host, command: ["true"], volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, ` + test.volume + `}]`)
		c.event(test.name, "FailedMount", `MountVolume.SetUp failed for volume "v" : `+test.want)
		if err := c.client.CoreV1().Pods(c.namespace).Delete(t.Context(), test.name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.gone(test.name)
	}
}

// volumeAppears shows a pod that waits for its volume, says so in an Event,
// and runs when it is there.
func (c *cluster) volumeAppears() {
	c.t.Helper()
	c.create(`
metadata: {name: volume}
spec:
  containers: [{name: m, image: host, command: [cat, /v/a], volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, configMap: {name: later}}]`)
	c.event("volume", "FailedMount", `MountVolume.SetUp failed for volume "v" : configmaps "later" not found`)
	if _, err := c.client.CoreV1().ConfigMaps(c.namespace).Create(c.t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "later"}, Data: map[string]string{"a": "1"},
	}, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
	if diff := cmp.Diff("Succeeded, m 0 Completed", summary(c.finished("volume"))); diff != "" {
		c.t.Error(diff)
	}
}

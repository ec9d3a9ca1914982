// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node"
)

// podCase is a pod and what becomes of it.
type podCase struct {
	name    string
	spec    string // YAML
	summary string
	logs    map[string]string // by container
	message string            // last container's termination message
}

// needIsolation skips a test where pods cannot have volumes.
func needIsolation(t *testing.T) node.Isolation {
	t.Helper()
	isolation, err := node.Probe(t.Context())
	if isolation == node.IsolationNone {
		t.Skip(err)
	}
	return isolation
}

// runCases runs all the pods at the same time.
func runCases(t *testing.T, c *cluster, cases []podCase) {
	t.Helper()
	for _, test := range cases {
		c.create("metadata: {name: " + test.name + ", labels: {color: blue}, annotations: {note: \"a\\nb\"}}\nspec:\n" + indent(test.spec))
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			pod := c.finished(test.name)
			if diff := cmp.Diff(test.summary, summary(pod)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, describe(pod))
			}
			for name, want := range test.logs {
				got, err := c.log(test.name, corev1.PodLogOptions{Container: name})
				if err != nil {
					t.Errorf("log of %s: %v", name, err)
				}
				if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), got); diff != "" {
					t.Errorf("log of %s (-want +got):\n%s", name, diff)
				}
			}
			last := pod.Status.ContainerStatuses[len(pod.Status.ContainerStatuses)-1]
			if term := last.State.Terminated; test.message != "" && (term == nil || !strings.Contains(term.Message, test.message)) {
				t.Errorf("message: want %q in %+v", test.message, term)
			}
		})
	}
}

func indent(text string) string {
	return strings.ReplaceAll("\n"+strings.Trim(text, "\n"), "\n", "\n  ")
}

func TestExits(t *testing.T) {
	c := newCluster(t, nil)
	runCases(t, c, []podCase{
		{
			name:    "success",
			spec:    `containers: [{name: m, image: host, command: [sh, -c, 'echo out; exec 1>&2; sleep 0.1; echo err']}]`,
			summary: "Succeeded, m 0 Completed", logs: map[string]string{"m": "out\nerr\n"},
		},
		{
			name:    "failure",
			spec:    `containers: [{name: m, image: host, command: [sh, -c, 'echo last words; exit 3'], terminationMessagePolicy: FallbackToLogsOnError}]`,
			summary: "Failed, m 3 Error", message: "last words\n",
		},
		{
			name:    "signal",
			spec:    `containers: [{name: m, image: host, command: [sh, -c, 'sh -c "kill -9 \$\$"']}]`,
			summary: "Failed, m 137 Error",
		},
		{
			name:    "not-found",
			spec:    `containers: [{name: m, image: host, command: [no-such-program]}]`,
			summary: "Failed, m 127 ContainerCannotRun", message: `"no-such-program": executable file not found in $PATH`,
		},
		{
			name:    "not-executable",
			spec:    `containers: [{name: m, image: host, command: [/etc/passwd]}]`,
			summary: "Failed, m 126 ContainerCannotRun", message: "permission denied",
		},
		{
			name:    "no-command",
			spec:    `containers: [{name: m, image: host}]`,
			summary: "Failed, m 128 ContainerCannotRun", message: "no command specified",
		},
		{
			name: "two-containers",
			spec: `
containers:
- {name: a, image: host, command: ["true"]}
- {name: b, image: host, command: ["false"]}`,
			summary: "Failed, a 0 Completed, b 1 Error",
		},
		{
			name: "init-failure",
			spec: `
initContainers: [{name: i, image: host, command: ["false"]}]
containers: [{name: m, image: host, command: ["true"]}]`,
			summary: "Failed, i 1 Error, m PodInitializing",
		},
		{
			name: "deadline",
			spec: `
activeDeadlineSeconds: 1
terminationGracePeriodSeconds: 1
containers: [{name: m, image: host, command: [sleep, "100"]}]`,
			summary: "Failed DeadlineExceeded, m 137 Error",
		},
		{
			name: "working-dir",
			spec: `containers: [{name: m, image: host, workingDir: /usr/bin, command: [sh, -c, pwd]}]`,
			logs: map[string]string{"m": "/usr/bin\n"}, summary: "Succeeded, m 0 Completed",
		},
		{
			name: "environment",
			spec: `
containers:
- name: m
  image: host
  command: [sh, -c, 'echo "$A|$B|$C|$D|$E|$F|$G|$HOSTNAME"; echo $1', $(A), $(A)-$(NONE)-$$(A)]
  resources: {limits: {cpu: 1500m, memory: 1Gi}}
  env:
  - {name: A, value: one}
  - {name: B, value: $(A)-two}
  - {name: C, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: D, valueFrom: {fieldRef: {fieldPath: "metadata.labels['color']"}}}
  - {name: E, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  - {name: F, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
  - {name: G, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
`,
			summary: "Succeeded, m 0 Completed",
			logs:    map[string]string{"m": "one|one-two|environment|blue|" + c.opts.Name + "|2|1024|environment\none-$(NONE)-$(A)\n"},
		},
	})
}

// Only the programs that go by an image's name may write to shared directories.
func TestShare(t *testing.T) {
	needIsolation(t)
	shared := t.TempDir()
	c := newCluster(t, func(o *node.Options) {
		o.Share = []string{shared}
		o.Images["cutwater.local/touch"] = node.Image{Entrypoint: []string{"/usr/bin/touch"}}
	})
	runCases(t, c, []podCase{{
		name: "share",
		spec: `
initContainers: [{name: i, image: cutwater.local/touch, args: [` + shared + `/program]}]
containers: [{name: m, image: host, command: [sh, -c, 'touch ` + shared + `/job || exit 5']}]`,
		summary: "Failed, i 0 Completed, m 5 Error",
	}})
	for name, want := range map[string]bool{"program": true, "job": false} {
		if _, err := os.Stat(shared + "/" + name); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %t", name, err, want)
		}
	}
}

func TestVolumes(t *testing.T) {
	needIsolation(t)
	c := newCluster(t, nil)
	ctx, core := t.Context(), c.client.CoreV1()
	if _, err := core.Secrets(c.namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s"}, Data: map[string][]byte{"key": []byte("hidden"), "other": []byte("more")},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := core.ConfigMaps(c.namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "c"}, Data: map[string]string{"a": "1", "b": "2"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	host := t.TempDir()
	if err := os.WriteFile(host+"/file", []byte("of the machine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runCases(t, c, []podCase{
		{
			name: "decorated",
			spec: `
initContainers:
- {name: clone, image: host, command: [sh, -c, 'mkdir -p src/x && echo code > src/x/file && echo log > /logs/clone.json && mkfifo /logs/marker && touch /tmp/private'],
   workingDir: /home/prow/go, volumeMounts: [{name: logs, mountPath: /logs}, {name: code, mountPath: /home/prow/go}]}
- {name: tools, image: cutwater.local/tool, args: [-test.list, TestVolumes], volumeMounts: [{name: tools, mountPath: /tools}]}
containers:
- {name: test, image: host, workingDir: /home/prow/go/src/x, command: [sh, -c, 'cat file; ls -A /tmp /tools; echo done > /logs/marker'],
   volumeMounts: [{name: logs, mountPath: /logs}, {name: tools, mountPath: /tools}, {name: code, mountPath: /home/prow/go}]}
- {name: sidecar, image: host, command: [sh, -c, 'read x < /logs/marker; cat /logs/*.json; echo $x'],
   volumeMounts: [{name: logs, mountPath: /logs}]}
volumes: [{name: logs, emptyDir: {}}, {name: tools, emptyDir: {}}, {name: code, emptyDir: {}}]
`,
			summary: "Succeeded, clone 0 Completed, tools 0 Completed, test 0 Completed, sidecar 0 Completed",
			logs:    map[string]string{"tools": "TestVolumes\n", "test": "code\n/tmp:\n\n/tools:\n", "sidecar": "log\ndone\n"},
		},
		{
			name: "on-failure",
			spec: `
restartPolicy: OnFailure
initContainers: [{name: i, image: host, command: [sh, -c, 'mkdir /v/i 2>/dev/null && exit 1; exit 0'], volumeMounts: [{name: v, mountPath: /v}]}]
containers: [{name: m, image: host, command: [sh, -c, 'mkdir /v/m 2>/dev/null && exit 1; exit 0'], volumeMounts: [{name: v, mountPath: /v}]}]
volumes: [{name: v, emptyDir: {}}]
`,
			summary: "Succeeded, i 0 Completed, m 0 Completed",
		},
		{
			name: "secret",
			spec: `
containers:
- name: m
  image: host
  command: [sh, -c, 'cd /secrets/deep/er; ls; cat a/oauth; echo; stat -c %a a/oauth; { echo x > new; } 2>/dev/null || echo read-only']
  volumeMounts: [{name: s, mountPath: /secrets/deep/er}]
volumes: [{name: s, secret: {secretName: s, defaultMode: 0400, items: [{key: key, path: ./a/oauth}]}}]
`,
			summary: "Succeeded, m 0 Completed", logs: map[string]string{"m": "a\nhidden\n400\nread-only\n"},
		},
		{
			name: "config-maps",
			spec: `
containers:
- name: m
  image: host
  command: [sh, -c, 'cat /etc/new/a /one; echo; cat /all/labels /all/b /all/key; echo; echo $P_a$P_b$K$O']
  envFrom: [{prefix: P_, configMapRef: {name: c}}, {configMapRef: {name: none, optional: true}}]
  env:
  - {name: K, valueFrom: {secretKeyRef: {name: s, key: other}}}
  - {name: O, valueFrom: {secretKeyRef: {name: s, key: none, optional: true}}}
  volumeMounts:
  - {name: c, mountPath: /etc/new}
  - {name: c, mountPath: /one, subPath: b}
  - {name: all, mountPath: /all}
volumes:
- {name: c, configMap: {name: c}}
- name: all
  projected:
    sources:
    - {configMap: {name: c, items: [{key: b, path: b}]}}
    - {secret: {name: s}}
    - {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
`,
			summary: "Succeeded, m 0 Completed", logs: map[string]string{"m": "12\ncolor=\"blue\"2hidden\n12more\n"},
		},
		{
			name: "host-path",
			spec: `
containers:
- name: m
  image: host
  command: [sh, -c, 'cat /mine/file /file; echo new > /mine/new; { echo x > /ro/new; } 2>/dev/null || echo read-only']
  volumeMounts:
  - {name: dir, mountPath: /mine}
  - {name: dir, mountPath: /ro, readOnly: true}
  - {name: file, mountPath: /file}
volumes:
- {name: dir, hostPath: {path: ` + host + `, type: Directory}}
- {name: file, hostPath: {path: ` + host + `/file, type: File}}
`,
			summary: "Succeeded, m 0 Completed", logs: map[string]string{"m": "of the machine\nof the machine\nread-only\n"},
		},
		{
			name: "sub-paths",
			spec: `
initContainers:
- {name: i, image: host, command: [sh, -c, 'mkdir /v/a; echo 1 > /v/a/f; ln -s /etc /v/out'], volumeMounts: [{name: v, mountPath: /v}]}
containers:
- name: m
  image: host
  env: [{name: SUB, value: made}]
  command: [sh, -c, 'cat /x/f; touch /y/f /z/f; ls /y/..; ls /v']
  volumeMounts:
  - {name: v, mountPath: /x, subPath: a}
  - {name: v, mountPath: /p/y, subPath: made/here}
  - {name: v, mountPath: /y, subPathExpr: $(SUB)}
  - {name: v, mountPath: /z, subPath: a}
  - {name: v, mountPath: /v}
volumes: [{name: v, emptyDir: {}}]
`,
			summary: "Succeeded, i 0 Completed, m 0 Completed",
		},
		{
			name: "sub-path-out",
			spec: `
initContainers:
- {name: i, image: host, command: [sh, -c, 'ln -s /etc /v/out'], volumeMounts: [{name: v, mountPath: /v}]}
containers:
- {name: m, image: host, command: [ls, /x], volumeMounts: [{name: v, mountPath: /x, subPath: out}]}
volumes: [{name: v, emptyDir: {}}]
`,
			summary: "Failed, i 0 Completed, m 128 ContainerCannotRun", message: `mounting /x: subPath "out"`,
		},
		{
			name: "message",
			spec: `containers: [{name: m, image: host, command: [sh, -c, echo -n bye > /dev/termination-log]}]`, message: "bye",
			summary: "Succeeded, m 0 Completed",
		},
	})
	if data, err := os.ReadFile(host + "/new"); err != nil || string(data) != "new\n" {
		t.Errorf("on the machine: got %q, %v; want what the container wrote", data, err)
	}
}

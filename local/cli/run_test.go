// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/local/makejob"
)

const runConfig = `in_repo_config: {enabled: {org/repo: true}}
presubmits:
  org/repo:
  - name: unit
    decorate: true
    decoration_config:
      gcs_configuration: {bucket: gs://real, path_strategy: explicit}
      gcs_credentials_secret: real
      utility_images: {clonerefs: real, initupload: real, entrypoint: real, sidecar: real}
    spec:
      serviceAccountName: real
      nodeSelector: {size: large}
      containers:
      - image: real
        command: [sh, -c, 'git log --format=%s; cat greeting; echo $PULL_NUMBER; cp greeting $ARTIFACTS']
        resources: {requests: {cpu: 64}}
periodics:
- name: secret
  interval: 1h
  spec:
    containers:
    - {image: host, command: [sh, -c, 'cat /key/*; exit 3'], volumeMounts: [{name: key, mountPath: /key}]}
    volumes: [{name: key, secret: {secretName: key}}]
- name: clones
  interval: 1h
  extra_refs: [{org: org, repo: repo, base_ref: main}]
  decorate: true
  decoration_config:
    gcs_configuration: {bucket: gs://real, path_strategy: explicit}
    oauth_token_secret: {name: token, key: value}
    utility_images: {clonerefs: real, initupload: real, entrypoint: real, sidecar: real}
  spec: {containers: [{image: host, command: [make]}]}
- name: endless
  interval: 1h
  spec: {containers: [{image: host, command: [sh, -c, 'echo begun; exec tail -f /dev/null']}]}
`

// ownJob is the repository's .prow.yaml.
const ownJob = `presubmits:
- name: own
  decorate: true
  decoration_config:
    gcs_configuration: {bucket: gs://real, path_strategy: explicit}
    oauth_token_secret: {name: token, key: value}
    utility_images: {clonerefs: real, initupload: real, entrypoint: real, sidecar: real}
  spec: {containers: [{image: host, command: [cat, greeting]}]}
`

// buffer is written and read at the same time.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
	// wrote hears of every write that it has room for.
	wrote chan string
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.wrote <- string(p):
	default:
	}
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// runner runs `cutwater run` with files of its own.
type runner struct{ dir, programs string }

// newRunner returns a runner that has the pod utilities.
func newRunner(t *testing.T) runner {
	t.Helper()
	r := newFiles(t)
	for _, name := range []string{"clonerefs", "initupload", "entrypoint", "sidecar", "container-init"} {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(r.programs, name), "../../cmd/"+name).CombinedOutput()
		if err != nil {
			t.Fatalf("building %s: %v\n%s", name, err, out)
		}
	}
	return r
}

// newFiles returns a runner with a configuration, a repository and a secret.
func newFiles(t *testing.T) runner {
	t.Helper()
	r := runner{dir: t.TempDir(), programs: t.TempDir()}
	for name, content := range map[string]string{"config.yaml": runConfig, "source/greeting": "ahoy\n", "source/.prow.yaml": ownJob, "key/token": "s3cret\n"} {
		path := filepath.Join(r.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=trunk"},
		{"add", "--all"},
		{"-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "--message", "Greet"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = filepath.Join(r.dir, "source")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return r
}

// run runs a job with a state folder of its own; @ in arguments is the runner's folder.
func (r runner) run(ctx context.Context, t *testing.T, out, notes *buffer, args ...string) error {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state")
	args = append([]string{"run", "--state", state, "--programs", r.programs, "--config", "@/config.yaml"}, args...)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "@", r.dir)
	}
	root := New(out, notes)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// TestRun runs jobs on machines, one after the other: what logs is the process's.
func TestRun(t *testing.T) {
	r := newRunner(t)
	t.Run("a presubmit on the last commit of a repository", func(t *testing.T) {
		var out, notes buffer
		if err := os.WriteFile(filepath.Join(r.dir, "source", "greeting"), []byte("not committed\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.run(t.Context(), t, &out, &notes, "unit", "--source", "@/source", "--image", "host"); err != nil {
			t.Fatalf("%v\n%s", err, notes.String())
		}
		if diff := cmp.Diff("Greet\nahoy\n1\n", out.String()); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
		for _, want := range []string{"note: what is not committed in .* does not count", "unit: success, exit code 0"} {
			if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(notes.String()) {
				t.Errorf("it did not say %q:\n%s", want, notes.String())
			}
		}
		results := regexp.MustCompile(`(?m)^results: (\S+/pr-logs/pull/org_repo/1/unit/\d+)$`).FindStringSubmatch(notes.String())
		if results == nil {
			t.Fatalf("it did not say where the results are:\n%s", notes.String())
		}
		for name, want := range map[string]string{"artifacts/greeting": "ahoy\n", "build-log.txt": "Greet\nahoy\n1\n"} {
			got, err := os.ReadFile(filepath.Join(results[1], name))
			if err != nil || string(got) != want {
				t.Errorf("%s: got %q (%v), want %q", name, got, err, want)
			}
		}
	})
	t.Run("a job of the repository's own", func(t *testing.T) {
		var out, notes buffer
		if err := r.run(t.Context(), t, &out, &notes, "own", "--source", "@/source", "--repo", "org/repo"); err != nil {
			t.Fatalf("%v\n%s", err, notes.String())
		}
		if diff := cmp.Diff("ahoy\n", out.String()); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
	})
	t.Run("a periodic that fails with a secret", func(t *testing.T) {
		var out, notes buffer
		err := r.run(t.Context(), t, &out, &notes, "secret", "--secret", "key=@/key")
		if err == nil || !strings.HasPrefix(err.Error(), "secret: failure, exit code 3 (") {
			t.Errorf("got error %v\n%s", err, notes.String())
		}
		if diff := cmp.Diff("s3cret\n", out.String()); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
	})
	t.Run("Ctrl-C ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out, notes := buffer{wrote: make(chan string, 1)}, buffer{}
		ended := make(chan error, 1)
		go func() { ended <- r.run(ctx, t, &out, &notes, "endless") }()
		select {
		case <-out.wrote: // its log has begun
			cancel()
			if err := <-ended; err == nil || err.Error() != "interrupted" {
				t.Errorf("got error %v\n%s", err, notes.String())
			}
		case err := <-ended:
			t.Errorf("it ended: %v\n%s", err, notes.String())
		}
	})
}

// What is wrong is said before anything is started.
func TestRunRefuses(t *testing.T) {
	r := newFiles(t)
	for _, tc := range []struct{ args, want string }{
		{"", "which job? give its name"},
		{"units", `no job is called "units"; did you mean "unit"?`},
		{"unit", `presubmit of org/repo "unit": give --base-ref, --base-sha, --pull-number, --pull-sha and --pull-author, or --pull-number and a --github flag such as --github-token-path, to have the rest from GitHub`},
		{"secret --source @", `--source is for presubmits and postsubmits: "secret" is a periodic, which says itself what it clones`},
		{"unit --source @/nowhere", "--source: stat @/nowhere: no such file or directory"},
		{"unit --source @", "--source: @ is not a git repository with a branch checked out"},
		{"own --source @/source", "no job is called \"own\"\n--source: @/source has no remote origin that says which repository it is; give --repo ORG/REPO"},
		{"own --source @/source --repo org/off", "no job of org/off is called \"own\"\norg/off may not bring its own jobs: config.yaml enables that with in_repo_config.enabled[org/off]: true"},
		{"owns --source @/source --repo org/repo", `no job of org/repo is called "owns"; did you mean "own"?`},
		{"endless --secret key", `--secret "key": want NAME=DIR or NAME=FILE`},
		{"endless --config-map key=@/nowhere", "--config-map: stat @/nowhere: no such file or directory"},
		{"secret", "the job needs the secret key, for the volume key: give --secret key=PATH, a folder with a file for each key, or the file of one"},
		{"clones --secret token=@/config.yaml", "the job needs the key value of the secret token, for decoration_config.oauth_token_secret: give --secret token=PATH, a folder with a file for each key, or the file of one"},
		{"own --repo org/repo", "no job of org/repo is called \"own\"\nwhere it is in .prow.yaml of org/repo, give --repo-dir or a --github flag"},
	} {
		var out, notes buffer
		err := r.run(t.Context(), t, &out, &notes, strings.Fields(tc.args)...)
		if err == nil {
			t.Errorf("%q was not refused", tc.args)
		} else if diff := cmp.Diff(tc.want, strings.ReplaceAll(err.Error(), r.dir, "@")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.args, diff)
		}
		if notes.String() != "" {
			t.Errorf("%q: something was started:\n%s", tc.args, notes.String())
		}
	}
}

// What a job needs and was not given is named, all of it, with what needs it.
func TestLacking(t *testing.T) {
	given := objects{makejob.Secret: {"given": {"a": nil}}, makejob.ConfigMap: {"given": {}}}
	needs := []makejob.Need{
		{Kind: makejob.Secret, Name: "given", Key: "a", For: "the volume a"},
		{Kind: makejob.Secret, Name: "given", For: "the volume b"},
		{Kind: makejob.Secret, Name: "given", Key: "b", For: "the volume c"},
		{Kind: makejob.Secret, Name: "key", For: "the volume v"},
		{Kind: makejob.Secret, Name: "key", Key: "token", For: "the variable TOKEN"},
		{Kind: makejob.Secret, Name: "key", Key: "token", For: "the variable TOKEN"},
		{Kind: makejob.ConfigMap, Name: "given", For: "the volume w"},
		{Kind: makejob.ConfigMap, Name: "settings", Key: "x", For: "the volume w"},
	}
	const path = "=PATH, a folder with a file for each key, or the file of one"
	want := "the job needs the key b of the secret given, for the volume c: give --secret given" + path + "\n" +
		"the job needs the secret key, for the volume v and the variable TOKEN: give --secret key" + path + "\n" +
		"the job needs the config map settings, for the volume w: give --config-map settings" + path
	if err := given.lacking(needs); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if err := given.lacking(needs[:2]); err != nil {
		t.Errorf("with all that is needed: %v", err)
	}
}

// A secret comes from folders and from files.
func TestReadObjects(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"dir/a": "1", "dir/deep/b": "2", "c": "3"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"dir/link": "../c", "dir/dangling": "nowhere", "dir/folder": "deep"} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readObjects([]string{"s=dir", "s=c", "other=c"}, []string{"m=dir"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) []byte { return []byte(s) }
	want := objects{
		makejob.Secret:    {"s": {"a": text("1"), "link": text("3"), "c": text("3")}, "other": {"c": text("3")}},
		makejob.ConfigMap: {"m": {"a": text("1"), "link": text("3")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// person is at the browser: what the command prints leads to the page, and the
// page to GitHub, where the App is made and installed.
type person struct {
	t     *testing.T
	forge string
	out   bytes.Buffer
	done  chan struct{}
	// left has the person end the command in place of installing the App.
	left bool
	end  context.CancelFunc
}

// Write takes what the command prints, and starts when there is an address.
func (p *person) Write(text []byte) (int, error) {
	if match := regexp.MustCompile(`Open (http\S+)`).FindSubmatch(text); match != nil {
		go p.makeApp(string(match[1]))
	}
	if p.left && bytes.Contains(text, []byte("Install it: ")) {
		p.end()
	}
	return p.out.Write(text)
}

func (p *person) makeApp(page string) {
	defer close(p.done)
	text := p.read(http.Get(page))
	group := func(pattern string) string {
		if match := regexp.MustCompile(pattern).FindStringSubmatch(text); match != nil {
			return html.UnescapeString(match[1])
		}
		p.t.Errorf("%s is not in %s", pattern, text)
		return ""
	}
	action, manifest := group(`action="([^"]*)"`), group(`name="manifest" value="([^"]*)"`)
	text = p.read(http.PostForm(action, url.Values{"manifest": {manifest}, "app[name]": {"cutwater-org"}}))
	if p.left {
		return
	}
	p.read(http.PostForm(group(`id="install" href="([^"]*)"`), url.Values{"org": {"org"}}))
}

func (p *person) read(response *http.Response, err error) string {
	if err != nil {
		p.t.Error(err)
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Error(err)
	}
	return string(text)
}

// run runs the command with a person at the browser.
func (p *person) run(args ...string) error {
	p.done = make(chan struct{})
	root := New(p, p)
	root.SetArgs(append([]string{"github-app", "create", "--no-browser", "--github-host", p.forge, "--org", "org"}, args...))
	var ctx context.Context
	ctx, p.end = context.WithCancel(context.Background())
	defer p.end()
	return root.ExecuteContext(ctx)
}

// secret are the keys of a secret with the length of each value.
func secret(t *testing.T, kube kubernetes.Interface, namespace, name string) map[string]bool {
	t.Helper()
	s, err := kube.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for key, value := range s.Data {
		keys[key] = len(value) > 0
	}
	return keys
}

func TestGitHubAppCreate(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	dir := filepath.Join(t.TempDir(), "my keys")
	p := &person{t: t, forge: forge.URL()}
	args := []string{"--webhook-url", "https://hook.example.com/hook", "--output", dir, "--wait"}
	if err := p.run(args...); err != nil {
		t.Fatal(err)
	}
	<-p.done
	id, err := os.ReadFile(filepath.Join(dir, "app-id"))
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`http://127\.0\.0\.1:\d+/[A-Z0-9]{20,}`).ReplaceAllString(p.out.String(), "PAGE")
	want := fmt.Sprintf(`Open PAGE in a browser on this machine.
GitHub made the App cutwater-org, with the number %[1]s.
Its keys are in %[2]s. Put them into the cluster, and then keep the folder safe or remove it:
  kubectl -n cutwater create secret generic hmac-token --from-file='hmac=%[2]s/hmac'
  kubectl -n cutwater create secret generic github-app --from-file='private-key=%[2]s/private-key'
In your overlay, add the component github-app and, to settings.yaml, github-app-id: "%[1]s".
Install it: %[3]s/apps/cutwater-org/installations/new
It is installed in org.
`, id, dir, forge.URL())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}

	forge.Requests()
	want = filepath.Join(dir, "hmac") + " is there already; it may be all that is left of an App's keys; --output names another folder, --overwrite replaces them"
	if err := p.run(args...); err == nil || err.Error() != want {
		t.Errorf("a second time: %v, want %s", err, want)
	}
	if asked := forge.Requests(); len(asked) > 0 {
		t.Errorf("a second time, GitHub was asked %v", asked)
	}
}

// The browser is started with a file that leads it to the page: other users see what
// programs are started with. A folder that cannot be made is found out before there
// is an App.
func TestGitHubAppBrowser(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	dir := t.TempDir()
	told := filepath.Join(dir, "told")
	if err := syscall.Mkfifo(told, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n{ echo \"$@\"; cat \"$1\"; } > " + told + "\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	root := New(&out, &out)
	root.SetArgs([]string{
		"github-app", "create", "--github-host", forge.URL(), "--org", "org",
		"--webhook-url", "https://hook.example.com/hook", "--output", filepath.Join(dir, "keys"),
	})
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	content, err := os.ReadFile(told) // waits for the script
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("it ended well without an App")
	}
	secret := regexp.MustCompile(`[A-Z0-9]{20,}`).FindString(out.String())
	args, door, _ := strings.Cut(string(content), "\n")
	if secret == "" || strings.Contains(args, secret) || !strings.Contains(door, secret) {
		t.Errorf("the secret of the page is %q, the browser is started with %s and finds:\n%s", secret, args, door)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}

	p := &person{t: t, forge: forge.URL()}
	want := "making the folder for the App's keys (--output names another): "
	if err := p.run("--webhook-url", "https://hook.example.com/hook", "--output", filepath.Join(dir, "xdg-open", "keys"), "--overwrite"); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("below a file: %v, want %s…", err, want)
	}
}

// With --apply the keys are in the cluster and nowhere else, and are not
// replaced unless that is wanted.
func TestGitHubAppApply(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	plane := controlplane.TestPlane(t)
	kube, err := kubernetes.NewForConfig(plane.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ci"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("kubeconfig", plane.Kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--webhook-url", "https://hook.example.com/hook", "--apply", "--kubeconfig", "kubeconfig", "-n", "ci"}
	p := &person{t: t, forge: forge.URL()}
	if err := p.run(args...); err != nil {
		t.Fatal(err)
	}
	<-p.done
	if diff := cmp.Diff(map[string]bool{"hmac": true}, secret(t, kube, "ci", "hmac-token")); diff != "" {
		t.Errorf("hmac-token (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"private-key": true}, secret(t, kube, "ci", "github-app")); diff != "" {
		t.Errorf("github-app (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	for _, s := range []string{"hmac-token", "github-app"} {
		held, err := kube.CoreV1().Secrets("ci").Get(t.Context(), s, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range held.Data {
			if strings.Contains(p.out.String(), string(value)) {
				t.Errorf("the command prints %s of %s", key, s)
			}
		}
	}

	want := "the secret hmac-token is in the namespace ci already; --overwrite replaces it"
	if err := p.run(args...); err == nil || err.Error() != want {
		t.Errorf("a second time: %v, want %s", err, want)
	}
	if err := p.run(append(args, "--overwrite")...); err != nil {
		t.Error(err)
	}
	<-p.done
	// Nobody installs the App, and yet no key stays.
	p.left = true
	if err := p.run(append(args, "--overwrite", "--wait")...); !errors.Is(err, context.Canceled) {
		t.Errorf("an App that nobody installs: %v", err)
	}
	<-p.done
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	// What the cluster would refuse, it refuses before there is an App.
	forge.Requests()
	want = `making the secret `
	if err := p.run(append(args, "-n", "nowhere")...); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), `namespaces "nowhere" not found`) {
		t.Errorf("without a namespace: %v, want %s…", err, want)
	}
	if asked := forge.Requests(); len(asked) > 0 {
		t.Errorf("without a namespace, GitHub was asked %v", asked)
	}
	want = "finding hook's address (or give --webhook-url): "
	if err := p.run("--kubeconfig", "kubeconfig"); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("without Knative: %v, want %s…", err, want)
	}
}

// The table is what the manifest asks for.
func TestGitHubAppPermissions(t *testing.T) {
	var out bytes.Buffer
	root := New(&out, &out)
	root.SetArgs([]string{"github-app", "permissions"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	var words []string
	for line := range strings.Lines(out.String()) {
		words = append(words, strings.Join(strings.Fields(line)[:min(2, len(strings.Fields(line)))], " "))
	}
	for _, p := range github.AppPermissions() {
		if !slices.Contains(words, p.Name+" "+p.Access) {
			t.Errorf("%s: %s is not shown in\n%s", p.Name, p.Access, out.String())
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	prowfake "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/fake"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// goldenCase is one webhook and what Prow's hook made of it.
type goldenCase struct {
	Case        string          `json:"case"`
	Event       string          `json:"event"`
	GitHubState githubState     `json:"github_state"`
	Payload     json.RawMessage `json:"payload"`
	Writes      []githubWrite   `json:"writes"`
	ProwJobs    []goldenProwJob `json:"prowjobs"`
}

type goldenProwJob struct {
	Annotations map[string]string `json:"annotations"`
	Labels      map[string]string `json:"labels"`
	Spec        any               `json:"spec"`
	Type        string            `json:"type"`
}

// Prow's hook and ours write the same to GitHub, and make the same ProwJobs, as
// far as trigger and hold are concerned.
func TestGoldenWebhooks(t *testing.T) {
	dir := filepath.Join(goldens.Dir(t), "hook-http")
	ctx := t.Context()
	conf, err := config.Load(ctx, config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs")})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := plugins.Load(ctx, plugins.Files{Config: filepath.Join(dir, "plugins.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "hook-http.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(c.Case, func(t *testing.T) {
			forge := &fakeGitHub{state: c.GitHubState}
			server := httptest.NewServer(forge)
			defer server.Close()
			client := prowfake.NewSimpleClientset()
			f := newFunction(t, functionOptions{config: conf, settings: settings, github: server.URL, prowJobs: client.ProwV1()})
			if status := f.deliver(guidOf(c, i), c.Event, c.Payload); status != http.StatusAccepted {
				t.Errorf("the event was answered %d", status)
			}

			want := slices.DeleteFunc(c.Writes, func(w githubWrite) bool { return !ours(w) })
			for i := range want {
				want[i].Body = essential(want[i])
			}
			if diff := gocmp.Diff(sortedWrites(want), sortedWrites(forge.writes())); diff != "" {
				t.Errorf("writes to GitHub (-Prow's, +ours):\n%s", diff)
			}
			if diff := gocmp.Diff(sortedJobs(c.ProwJobs), madeJobs(t, client)); diff != "" {
				t.Errorf("ProwJobs (-Prow's, +ours):\n%s", diff)
			}
		})
	}
}

// guidOf returns the delivery's GUID. Cases without ProwJobs do not tell theirs.
func guidOf(c goldenCase, i int) string {
	if len(c.ProwJobs) > 0 {
		return c.ProwJobs[0].Labels[prowv1.EventGUIDLabel]
	}
	return fmt.Sprintf("00000000-0000-4000-9000-%012d", i)
}

// ours reports whether a write is one of trigger's or hold's: their labels, the
// comments that begin as theirs do, the runs of workflows. All else that Prow
// wrote was the other plugins'. What we write is compared whole.
func ours(w githubWrite) bool {
	labels := []string{"do-not-merge/hold", "ok-to-test", "needs-ok-to-test"}
	switch {
	case w.Method == http.MethodPost && strings.HasSuffix(w.Path, "/labels"):
		added, _ := w.Body.([]any)
		return len(added) == 1 && slices.ContainsFunc(labels, func(l string) bool { return added[0] == l })
	case w.Method == http.MethodDelete && strings.Contains(w.Path, "/labels/"):
		_, label, _ := strings.Cut(w.Path, "/labels/")
		return slices.Contains(labels, label)
	case w.Method == http.MethodPost && strings.HasSuffix(w.Path, "/comments"):
		text, _ := essential(w).(string)
		if _, rest, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(text, "@") {
			text = rest
		}
		return slices.ContainsFunc([]string{
			"Cannot trigger testing", "Only trusted users can revoke", "Skipping CI for Draft", "I'm waiting for a [", "Hi @",
			"The specified target(s) for `/test`", "The `/test` command", "The `/retest` command", "No jobs can be run with",
			"The following commands are available", "No presubmit jobs available",
		}, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
	}
	return strings.Contains(w.Path, "/actions/runs/")
}

// essential returns what of a write's body counts: of a comment, its text. Prow
// sends more fields, which GitHub ignores.
func essential(w githubWrite) any {
	if w.Method == http.MethodPost && strings.HasSuffix(w.Path, "/comments") {
		if fields, ok := w.Body.(map[string]any); ok {
			return fields["body"]
		}
	}
	return w.Body
}

func sortedWrites(writes []githubWrite) []githubWrite {
	slices.SortFunc(writes, func(a, b githubWrite) int {
		return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Path, b.Path), cmp.Compare(fmt.Sprint(a.Body), fmt.Sprint(b.Body)))
	})
	return append([]githubWrite{}, writes...)
}

func sortedJobs(jobs []goldenProwJob) []goldenProwJob {
	slices.SortFunc(jobs, func(a, b goldenProwJob) int {
		return cmp.Compare(a.Annotations[prowv1.JobLabel], b.Annotations[prowv1.JobLabel])
	})
	return append([]goldenProwJob{}, jobs...)
}

// madeJobs returns the ProwJobs that were made, in the form of the goldens.
func madeJobs(t *testing.T, client *prowfake.Clientset) []goldenProwJob {
	t.Helper()
	list, err := client.ProwV1().ProwJobs(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var jobs []goldenProwJob
	for _, pj := range list.Items {
		data, err := json.Marshal(pj.Spec)
		if err != nil {
			t.Fatal(err)
		}
		var spec any
		if err := json.Unmarshal(data, &spec); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, goldenProwJob{Annotations: pj.Annotations, Labels: pj.Labels, Spec: spec, Type: string(pj.Spec.Type)})
	}
	return sortedJobs(jobs)
}

// What /plugin-help says is what Prow's says, for the plugins that we have.
func TestGoldenPluginHelp(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "plugin-help.json.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no plugin-help in the goldens (%v)", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			settings, err := loadGoldenPlugins(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			settings.ExternalPlugins = nil // Prow was asked without them
			f := newFunction(t, functionOptions{config: &config.Config{}, settings: settings, github: "http://127.0.0.1:1"})
			got := f.pluginHelp()
			var want allHelp
			unzipJSON(t, file, &want)
			want.RepoPlugins[""], got.RepoPlugins[""] = nil, nil // Prow has more
			for name := range want.PluginHelp {
				if _, ok := got.PluginHelp[name]; !ok {
					delete(want.PluginHelp, name)
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("/plugin-help (-Prow's, +ours):\n%s", diff)
			}
		})
	}
}

func loadGoldenPlugins(ctx context.Context, dir string) (*plugins.Configuration, error) {
	files := plugins.Files{Config: filepath.Join(dir, "plugins.yaml")}
	if supplemental := filepath.Join(dir, "supplemental"); isFolder(supplemental) {
		files.SupplementalDirs = []string{supplemental}
	}
	return plugins.Load(ctx, files)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func unzipJSON(t *testing.T, file string, into any) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(unzipped).Decode(into); err != nil {
		t.Fatal(err)
	}
}

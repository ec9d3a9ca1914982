// SPDX-License-Identifier: Apache-2.0

package plugintest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// seen returns what the plugin did, in the words of a story: first on GitHub, in
// order, and then with ProwJobs, sorted, as many are made at once:
//
//	org/repo#1 +label x        org/repo#1 -label x
//	org/repo#1 comment: the text up to its details; lines are joined by a slash
//	org/repo approve workflow build
//	org/repo delete comment    any other change: its method and path
//	run org/repo#1 unit        and retest=true where the ProwJob has that label
//	run org/repo@main publish  a postsubmit
//	abort org/repo#1 unit
//	gave up: the plugin's permanent error
func (w *world) seen() []string {
	effects := []string{}
	for _, r := range w.forge.Requests() {
		if r.Login == Bot && r.Method != http.MethodGet && !strings.HasPrefix(r.Path, "/git-") {
			effects = append(effects, w.effectOf(r))
		}
	}
	return append(append(effects, w.runs()...), w.gaveUp...)
}

var (
	labelsPath   = regexp.MustCompile(`^/repos/([^/]+/[^/]+)/issues/(\d+)/labels(?:/(.+))?$`)
	commentPath  = regexp.MustCompile(`^/repos/([^/]+/[^/]+)/issues/(\d+)/comments$`)
	workflowPath = regexp.MustCompile(`^/repos/([^/]+/[^/]+)/actions/runs/(\d+)/(.+)$`)
	deletePath   = regexp.MustCompile(`^/repos/([^/]+/[^/]+)/issues/comments/\d+$`)
)

func (w *world) effectOf(r githubtest.Request) string {
	path := r.Path
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	if m := labelsPath.FindStringSubmatch(path); m != nil {
		if r.Method == http.MethodDelete {
			return fmt.Sprintf("%s#%s -label %s", m[1], m[2], m[3])
		}
		return fmt.Sprintf("%s#%s +label %s", m[1], m[2], addedLabels(r.Body))
	}
	if m := commentPath.FindStringSubmatch(path); m != nil {
		var comment struct {
			Body string `json:"body"`
		}
		_ = json.Unmarshal([]byte(r.Body), &comment) // the server has read it too
		text, _, _ := strings.Cut(comment.Body, "\n\n<details>")
		return fmt.Sprintf("%s#%s comment: %s", m[1], m[2], strings.Join(lines(text), " / "))
	}
	if m := deletePath.FindStringSubmatch(path); m != nil && r.Method == http.MethodDelete {
		return m[1] + " delete comment"
	}
	if m := workflowPath.FindStringSubmatch(path); m != nil {
		return fmt.Sprintf("%s %s workflow %s", m[1], m[3], w.workflows[m[2]])
	}
	return r.Method + " " + path
}

// addedLabels reads the body of a request to add labels, a list or an object with one.
func addedLabels(body string) string {
	var list []string
	if json.Unmarshal([]byte(body), &list) != nil {
		var object struct {
			Labels []string `json:"labels"`
		}
		_ = json.Unmarshal([]byte(body), &object)
		list = object.Labels
	}
	return strings.Join(list, ",")
}

// runs returns the ProwJobs that there are, and those that were aborted.
func (w *world) runs() []string {
	w.t.Helper()
	list, err := w.cluster.ProwV1().ProwJobs(metav1.NamespaceAll).List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	var done []string
	for i := range list.Items {
		done = append(done, "run "+describe(&list.Items[i]))
		if list.Items[i].Status.State == prowv1.AbortedState {
			done = append(done, "abort "+describe(&list.Items[i]))
		}
	}
	slices.Sort(done)
	return done
}

func describe(pj *prowv1.ProwJob) string {
	refs := pj.Spec.Refs
	what := fmt.Sprintf("%s/%s@%s", refs.Org, refs.Repo, refs.BaseRef)
	if len(refs.Pulls) > 0 {
		what = fmt.Sprintf("%s/%s#%d", refs.Org, refs.Repo, refs.Pulls[0].Number)
	}
	what += " " + pj.Spec.Job
	if pj.Labels[prowv1.RetestLabel] != "" {
		what += " retest=" + pj.Labels[prowv1.RetestLabel]
	}
	return what
}

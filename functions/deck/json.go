// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/pkg/logging"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// datum is a run in /data.js.
type datum struct {
	Type        prowv1.ProwJobType  `json:"type"`
	Refs        prowv1.Refs         `json:"refs"`
	RefsKey     string              `json:"refs_key"`
	Job         string              `json:"job"`
	BuildID     string              `json:"build_id"`
	Context     string              `json:"context"`
	Started     string              `json:"started"`
	Finished    string              `json:"finished"`
	Duration    string              `json:"duration"`
	State       prowv1.ProwJobState `json:"state"`
	Description string              `json:"description"`
	URL         string              `json:"url"`
	PodName     string              `json:"pod_name"`
	Agent       prowv1.ProwJobAgent `json:"agent"`
	ProwJob     string              `json:"prow_job"`
}

func datumOf(pj *prowv1.ProwJob) datum {
	d := datum{
		Type: pj.Spec.Type, Job: pj.Spec.Job, BuildID: pj.Status.BuildID, Context: pj.Spec.Context,
		Started: strconv.FormatInt(pj.Status.StartTime.Unix(), 10),
		State:   pj.Status.State, Description: pj.Status.Description, URL: pj.Status.URL,
		PodName: pj.Status.PodName, Agent: pj.Spec.Agent, ProwJob: pj.Name,
	}
	if pj.Spec.Refs != nil {
		d.Refs, d.RefsKey = *pj.Spec.Refs, pj.Spec.Refs.String()
	}
	if end := pj.Status.CompletionTime; end != nil {
		d.Finished = end.Format(time.RFC3339Nano)
		d.Duration = end.Sub(pj.Status.StartTime.Time).Truncate(time.Second).String()
	}
	return d
}

func (s *server) dataJS(w http.ResponseWriter, r *http.Request) {
	shown, err := s.visible(r.Context())
	if err != nil {
		fail(w, r, err)
		return
	}
	data := make([]datum, len(shown))
	for i, pj := range shown {
		data[i] = datumOf(pj)
	}
	writeJSON(w, r, data)
}

func (s *server) prowJobsJS(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	omit := strings.Split(query.Get("omit"), ",")
	items, err := s.whole(r, slices.Contains(omit, "pod_spec"))
	if err != nil {
		fail(w, r, err)
		return
	}
	hidden := s.config().Deck.HiddenRepos
	items = slices.DeleteFunc(items, func(pj prowv1.ProwJob) bool {
		return !s.show.allows(&pj, hidden) || !matches(&pj, query.Get("org"), query.Get("repo"), query.Get("owner"))
	})
	for i := range items {
		leaveOut(&items[i], omit)
	}
	writeJSON(w, r, struct {
		Items []prowv1.ProwJob `json:"items"`
	}{items})
}

// whole is copies of all runs, by name as the API server lists them. Without the
// pods' specs, the informer has what is needed, in no order.
func (s *server) whole(r *http.Request, noPods bool) ([]prowv1.ProwJob, error) {
	if !noPods {
		return s.runs.Whole(r.Context())
	}
	all, err := s.runs.All(r.Context())
	if err != nil {
		return nil, err
	}
	items := make([]prowv1.ProwJob, len(all))
	for i, pj := range all {
		items[i] = *pj
	}
	slices.SortFunc(items, func(a, b prowv1.ProwJob) int { return strings.Compare(a.Name, b.Name) })
	return items, nil
}

// leaveOut removes fields from a ProwJob whose parts may be shared: it replaces, and changes nothing in place.
func leaveOut(pj *prowv1.ProwJob, omit []string) {
	pj.ManagedFields = nil
	for _, field := range omit {
		switch field {
		case "annotations":
			pj.Annotations = nil
		case "labels":
			pj.Labels = nil
		case "decoration_config":
			pj.Spec.DecorationConfig = nil
		case "pod_spec":
			// Readers count the containers.
			pj.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{}}}
		}
	}
}

// matches says whether the run is of the org, repo and author; empty ones match all.
func matches(pj *prowv1.ProwJob, org, repo, author string) bool {
	in := func(refs prowv1.Refs) bool {
		return (org == "" || refs.Org == org) && (repo == "" || refs.Repo == repo)
	}
	place := org == "" && repo == ""
	if refs := pj.Spec.Refs; refs != nil {
		place = place || in(*refs)
	} else {
		place = place || slices.ContainsFunc(pj.Spec.ExtraRefs, in)
	}
	return place && (author == "" || pj.Spec.Refs != nil &&
		slices.ContainsFunc(pj.Spec.Refs.Pulls, func(p prowv1.Pull) bool { return p.Author == author }))
}

// prowJob serves one ProwJob as YAML.
func (s *server) prowJob(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("prowjob")
	if name == "" {
		fail(w, r, badRequest("Say which: /prowjob?prowjob=NAME."))
		return
	}
	pj, err := s.runs.Get(r.Context(), name)
	if err == nil && !s.show.allows(pj, s.config().Deck.HiddenRepos) {
		err = notFound("There is no ProwJob of this name.")
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	pj.ManagedFields = nil
	text, err := yaml.Marshal(pj)
	if err != nil {
		fail(w, r, err)
		return
	}
	plainHeaders(w)
	_, _ = w.Write(text) //nolint:gosec // G705: the headers make it plain text
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]{0,63}$`)

// writeJSON answers with JSON or, when ?var= names one, with a script that sets a variable to it.
func writeJSON(w http.ResponseWriter, r *http.Request, value any) {
	name := r.URL.Query().Get("var")
	if name != "" && !identifier.MatchString(name) {
		fail(w, r, badRequest("This is not the name of a variable."))
		return
	}
	text, err := json.Marshal(value)
	if err != nil {
		fail(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store, must-revalidate")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Type", "application/json")
	if name != "" {
		header.Set("Content-Type", "application/javascript")
		text = append(append([]byte("var "+name+" = "), text...), ';')
	}
	if _, err := w.Write(text); err != nil { //nolint:gosec // G705: JSON, after an identifier
		logging.FromContext(r.Context()).Debugw("answer", "path", r.URL.Path, "error", err)
	}
}

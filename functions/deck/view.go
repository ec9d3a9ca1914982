// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

// maxFiles is how many files of a run are listed.
const maxFiles = 1000

// artifact is a file of a run.
type artifact struct {
	Name, Link, Size string
}

// results is what a run has left in the bucket, as far as it has.
type results struct {
	started  *layout.Started
	finished *layout.Finished
	run      *prowv1.ProwJob
	files    []artifact
	more     bool
	// live are the logs of which there are chunks, which are no files to show.
	live []string
}

// placeOf is where a run's results are.
func (s *server) placeOf(pj *prowv1.ProwJob) (place, bool) {
	p, ok := viewPath(pj.Status.URL)
	if !ok {
		return place{}, false
	}
	where, err := s.storage.locate(p, s.config())
	return where, err == nil
}

// runAt is the run that the place belongs to, if there is a ProwJob of it still.
func (s *server) runAt(ctx context.Context, p place) (*prowv1.ProwJob, error) {
	all, err := s.runs.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, pj := range all {
		if pj.Status.BuildID != "" && strings.Contains("/"+p.key+"/", "/"+pj.Spec.Job+"/"+pj.Status.BuildID+"/") {
			return pj, nil
		}
	}
	return nil, nil
}

// mayShow returns an error when the place belongs to a run that is not shown.
func (s *server) mayShow(ctx context.Context, p place) error {
	pj, err := s.runAt(ctx, p)
	if err != nil {
		return err
	}
	if pj != nil && !s.show.allows(pj, s.config().Deck.HiddenRepos) {
		return notFound("There is nothing here.")
	}
	return nil
}

// read gets the results of a run. What is not there is left out.
func (s *server) read(ctx context.Context, p place) (results, error) {
	bucket, err := s.storage.bucket(ctx, p)
	if err != nil {
		return results{}, err
	}
	var r results
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return readJSON(ctx, bucket, p.below("started.json"), &r.started) })
	group.Go(func() error { return readJSON(ctx, bucket, p.below("finished.json"), &r.finished) })
	group.Go(func() error { return readJSON(ctx, bucket, p.below("prowjob.json"), &r.run) })
	group.Go(func() error {
		for object, err := range bucket.List(ctx, p.key+"/", "") {
			if err != nil {
				return err
			}
			name := strings.TrimPrefix(object.Key, p.key+"/")
			if log, ok := livelog.LogOf(name); ok {
				r.live = append(r.live, log)
				continue
			}
			if len(r.files) == maxFiles {
				r.more = true
				return nil
			}
			r.files = append(r.files, artifact{Name: name, Link: linkTo("/file/", p.below(name).path), Size: size(object.Size)})
		}
		return nil
	})
	return r, group.Wait()
}

// readJSON reads an object into *into, which stays nil where there is none or it makes no sense: jobs can write here.
func readJSON[T any](ctx context.Context, bucket *blob.Bucket, p place, into **T) error {
	data, err := bucket.Read(ctx, p.key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	value := new(T)
	if json.Unmarshal(data, value) == nil {
		*into = value
	}
	return nil
}

// view is the page of a run.
func (s *server) view(r *http.Request) (content, error) {
	ctx := r.Context()
	if names, ok := strings.CutPrefix(r.PathValue("path"), "prowjob/"); ok {
		return s.viewByName(r, names)
	}
	p, err := s.storage.locate(r.PathValue("path"), s.config())
	if err != nil {
		return content{}, err
	}
	pj, err := s.runAt(ctx, p)
	if err != nil {
		return content{}, err
	}
	found, err := s.read(ctx, p)
	if err != nil {
		return content{}, err
	}
	if pj == nil {
		pj = found.run
	}
	if pj != nil && !s.show.allows(pj, s.config().Deck.HiddenRepos) {
		return content{}, notFound("There is no run here.")
	}
	if len(found.files)+len(found.live) == 0 {
		target, err := s.alias(ctx, p)
		if err == nil || pj == nil {
			return target, err
		}
	}
	return s.runPage(r, p, pj, found)
}

// viewByName is the page of the run that job/build names.
func (s *server) viewByName(r *http.Request, names string) (content, error) {
	job, build := path.Split(path.Clean(names))
	pj, err := s.find(r.Context(), strings.TrimSuffix(job, "/"), build)
	if err != nil {
		return content{}, err
	}
	if pj == nil {
		return content{}, notFound("There is no run of this job and build ID.")
	}
	if p, ok := viewPath(pj.Status.URL); ok && !strings.HasPrefix(p, "prowjob/") {
		return content{redirect: linkTo("/view/", p)}, nil
	}
	return s.runPage(r, place{}, pj, results{})
}

// alias follows the file beside a folder that says where the run really is.
func (s *server) alias(ctx context.Context, p place) (content, error) {
	bucket, err := s.storage.bucket(ctx, p)
	if err != nil {
		return content{}, err
	}
	target, err := bucket.Read(ctx, p.key+".txt")
	if err != nil {
		return content{}, notFound("There is no run here, or nothing of it yet.")
	}
	provider, rest, ok := strings.Cut(strings.TrimSpace(string(target)), "://")
	if !ok {
		return content{}, notFound("The alias of this run leads nowhere.")
	}
	return content{redirect: linkTo("/view/", provider+"/"+strings.TrimPrefix(rest, "/"))}, nil
}

type runPage struct {
	frame
	Job, BuildID string
	State        string
	Running      bool
	Description  string
	Type         prowv1.ProwJobType
	Refs         refsView
	ExtraRefs    []refsView
	Started      moment
	Finished     moment
	Duration     string
	Node         string
	Cluster      string
	ProwJob      string
	Delivery     string
	RerunCommand string
	Logs         []logView
	Notes        []notes
	Files        []artifact
	More         bool
}

// runPage puts together what is known of a run. pj may be nil, when its
// ProwJob is gone and was not kept in the bucket.
func (s *server) runPage(r *http.Request, p place, pj *prowv1.ProwJob, found results) (content, error) {
	now := s.now()
	page := runPage{frame: frame{Nav: "runs"}, Files: found.files, More: found.more}
	page.Job, page.BuildID = path.Base(path.Dir(p.key)), path.Base(p.key)
	start, end := timesOf(found)
	page.State = stateOf(pj, found)
	if pj != nil {
		page.Job, page.BuildID = pj.Spec.Job, pj.Status.BuildID
		page.Type, page.Description, page.Cluster = pj.Spec.Type, pj.Status.Description, pj.ClusterAlias()
		page.ProwJob, page.Delivery, page.RerunCommand = pj.Name, pj.Labels[prowv1.EventGUIDLabel], pj.Spec.RerunCommand
		page.Refs = refsViewOf(pj.Spec.Refs)
		for _, refs := range pj.Spec.ExtraRefs {
			page.ExtraRefs = append(page.ExtraRefs, refsViewOf(&refs))
		}
		start = pj.Status.StartTime.Time
		if pj.Status.CompletionTime != nil {
			end = pj.Status.CompletionTime.Time
		}
	}
	page.Started, page.Finished = momentOf(start, now), momentOf(end, now)
	page.Running = running(page.State)
	switch {
	case start.IsZero():
	case !end.IsZero():
		page.Duration = spoken(end.Sub(start))
	case page.Running:
		page.Duration = spoken(now.Sub(start))
	}
	if found.started != nil {
		page.Node = found.started.Node
	}
	page.Title = page.Job + " " + page.BuildID
	if page.Running {
		page.Refresh = 3
	}
	page.Logs, page.Notes = s.logsOf(r, p, pj, found), notesOf(found.finished)
	return content{template: "view.html", data: page}, nil
}

func timesOf(found results) (start, end time.Time) {
	if found.started != nil {
		start = time.Unix(found.started.Timestamp, 0)
	}
	if found.finished != nil && found.finished.Timestamp != nil {
		end = time.Unix(*found.finished.Timestamp, 0)
	}
	return start, end
}

// stateOf is the run's state: the ProwJob's, else what finished.json says.
func stateOf(pj *prowv1.ProwJob, found results) string {
	finished := found.finished
	if pj != nil && (pj.Complete() || finished == nil) {
		return string(pj.Status.State)
	}
	switch {
	case finished == nil:
		return string(prowv1.PendingState)
	case finished.Passed != nil && *finished.Passed:
		return string(prowv1.SuccessState)
	}
	for _, state := range []prowv1.ProwJobState{prowv1.AbortedState, prowv1.ErrorState} {
		if strings.EqualFold(finished.Result, string(state)) {
			return string(state)
		}
	}
	return string(prowv1.FailureState)
}

func running(state string) bool {
	switch prowv1.ProwJobState(state) {
	case prowv1.SchedulingState, prowv1.TriggeredState, prowv1.PendingState:
		return true
	case prowv1.SuccessState, prowv1.FailureState, prowv1.ErrorState, prowv1.AbortedState:
	}
	return false
}

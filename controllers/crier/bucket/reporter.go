// SPDX-License-Identifier: Apache-2.0

// Package bucket keeps in a run's folder of the bucket what is known of the run
// outside of its pod: so that a run whose pod never started, or was lost with
// its node, can be found and read like any other.
//
// Started by: a change of state of a ProwJob that has a build ID. Changes:
// prowjob.json, always; started.json and finished.json, where the pod's
// utilities wrote none; and the log of a lost pod is put together from what its
// sidecar had stored until then. Config: gcs_configuration of the run's
// decoration, else of plank's default for its repository. It writes to buckets
// that config.yaml names, and no others: the decoration can come from a pull
// request. In Prow: crier's gcsreporter.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/blob"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// Name is the reporter's key in status.prev_report_states. It is Prow's, though
// the bucket need not be Google's.
const Name = "gcsreporter"

// inboxDir is hook's, where a path_prefix could lead.
const inboxDir = "inbox/"

// A report is a few small requests and, for a lost pod, the copying of its log, which
// may be long; should it be too long, the run is finished without.
const (
	requestsTimeout = 20 * time.Second
	logsTimeout     = 4 * time.Minute
)

// Settings are what the reporter takes from config.yaml.
type Settings struct {
	// Default is the decoration of runs that have none of their own.
	Default func(orgRepo, cluster string) *prowv1.DecorationConfig
	// Buckets are those that may be written to, as configurations name them.
	Buckets func() []string
}

// SettingsFrom takes the settings from a configuration.
func SettingsFrom(c *config.Config) Settings {
	return Settings{Default: c.Plank.DefaultDecoration, Buckets: c.KnownBuckets}
}

// Reporter reports to buckets.
type Reporter struct {
	jobs     prowclient.ProwJobsGetter
	buckets  blob.Pool
	settings func() Settings
	logs     time.Duration // how long logs may take
}

// NewReporter returns a reporter that opens buckets with the credentials.
func NewReporter(jobs prowclient.ProwJobsGetter, credentials blob.Credentials, settings func() Settings) *Reporter {
	return &Reporter{jobs: jobs, buckets: blob.Pool{Credentials: credentials}, settings: settings, logs: logsTimeout}
}

// Name implements crier.Reporter.
func (r *Reporter) Name() string { return Name }

// ShouldReport implements crier.Reporter.
func (r *Reporter) ShouldReport(pj *prowv1.ProwJob) bool {
	_, ok := r.settings().destination(pj)
	return ok
}

// destination is where a run's results go.
type destination struct {
	// bucket is its URL.
	bucket string
	// dir is the run's folder in it.
	dir string
}

// destination is not there for a run that has no folder, or none that is ours.
func (s Settings) destination(pj *prowv1.ProwJob) (destination, bool) {
	if pj.Status.BuildID == "" {
		return destination{}, false
	}
	decoration := pj.Spec.DecorationConfig
	if decoration == nil || decoration.GCSConfiguration == nil {
		decoration = s.Default(orgRepo(&pj.Spec), pj.ClusterAlias())
	}
	if decoration == nil || decoration.GCSConfiguration == nil {
		return destination{}, false
	}
	bucket, err := layout.ParseBucket(decoration.GCSConfiguration.Bucket)
	if err != nil || !layout.BucketURLs(s.Buckets())[bucket.String()] {
		return destination{}, false
	}
	spec := jobspec.Of(pj)
	dir := layout.RunDir(decoration.GCSConfiguration, &spec)
	if strings.HasPrefix(dir, inboxDir) {
		return destination{}, false
	}
	return destination{bucket: bucket.String(), dir: dir}, true
}

func orgRepo(spec *prowv1.ProwJobSpec) string {
	switch {
	case spec.Refs != nil:
		return spec.Refs.OrgRepo()
	case len(spec.ExtraRefs) > 0:
		return spec.ExtraRefs[0].OrgRepo()
	}
	return ""
}

// Report implements crier.Reporter.
func (r *Reporter) Report(ctx context.Context, pj *prowv1.ProwJob) error {
	to, ok := r.settings().destination(pj)
	if !ok {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, requestsTimeout)
	defer cancel()
	// The cache leaves out most of a ProwJob, and the file shall be whole.
	whole, err := r.jobs.ProwJobs(pj.Namespace).Get(short, pj.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading the ProwJob: %w", err)
	}
	bucket, err := r.buckets.Open(short, to.bucket)
	if err != nil {
		return err
	}
	run := &run{bucket: bucket, dir: to.dir, job: whole}
	errs := []error{run.writeJob(short), run.writeStarted(short)}
	if whole.Complete() {
		errs = append(errs, r.end(ctx, run))
	}
	return errors.Join(errs...)
}

// end stores the logs and then finished.json: who sees that finds everything else there.
func (r *Reporter) end(ctx context.Context, run *run) error {
	copying, cancel := context.WithTimeout(ctx, r.logs)
	defer cancel()
	err := run.saveLogs(copying)
	short, cancel := context.WithTimeout(ctx, requestsTimeout)
	defer cancel()
	return errors.Join(err, run.writeFinished(short))
}

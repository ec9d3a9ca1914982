// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"context"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// timetable is when the periodics run. All else of the job files is forgotten:
// this process stays up, and is to be small.
type timetable struct {
	jobs     []schedule.Job
	problems []document.Problem
}

// file is what a file says, with its sum.
type file struct {
	sum  document.Sum
	jobs []schedule.Job
}

// periodic is what is read of one.
type periodic struct {
	Name            string      `json:"name"`
	Cron            string      `json:"cron"`
	Interval        string      `json:"interval"`
	MinimumInterval string      `json:"minimum_interval"`
	Retry           *jobs.Retry `json:"retry"`
}

// reader reads the timetable again and again, files that have changed alone.
// What cannot be read is a problem for horologium, which says all that is wrong
// with the configuration; here the last good state of that file stays, or
// nothing: then it rings too often or too late, until the hourly ring.
type reader struct {
	kept    map[string]file
	decoder *document.Decoder
}

func newReader() *reader { return &reader{decoder: &document.Decoder{}} }

// load reads config.yaml and, where that is not empty, a job file or a folder of them.
func (r *reader) load(ctx context.Context, paths []string) (*timetable, error) {
	t := &timetable{}
	names := []string{paths[0]}
	if jobs := paths[1]; jobs != "" {
		found, err := document.Find(jobs, document.IsYAML)
		if err != nil {
			t.add(jobs, err)
		}
		names = append(names, found...)
	}
	kept := make(map[string]file, len(names))
	var reading document.Reader
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		before, had := r.kept[name]
		if sum, err := reading.Sum(name); err != nil || !had || sum != before.sum {
			read, err := r.read(&reading, name)
			if err != nil {
				t.add(name, err)
				read = before
			}
			before = read
		}
		kept[name] = before
		t.jobs = append(t.jobs, before.jobs...)
	}
	r.kept = kept
	return t, nil
}

func (t *timetable) add(name string, err error) {
	var problems document.Problems
	problems.Add(name, err)
	t.problems = append(t.problems, problems...)
}

// read reads the periodics of one file.
func (r *reader) read(reading *document.Reader, name string) (file, error) {
	doc, err := reading.Read(name)
	if err != nil {
		return file{}, err
	}
	read := file{sum: doc.Sum()}
	for key, node := range doc.Root().Keys() {
		if key != "periodics" {
			continue
		}
		var periodics []periodic
		if result := r.decoder.DecodeNode(node, &periodics); len(result.Errors) > 0 {
			return file{}, document.Problems(result.Errors).Err()
		}
		for _, p := range periodics {
			j, err := schedule.New(jobs.Periodic{
				// A copy, since the name is a part of the file's whole text.
				JobBase: jobs.JobBase{Name: strings.Clone(p.Name)},
				Cron:    p.Cron, Interval: p.Interval, MinimumInterval: p.MinimumInterval, Retry: p.Retry,
			})
			if err != nil {
				return file{}, err
			}
			read.jobs = append(read.jobs, j)
		}
	}
	return read, nil
}

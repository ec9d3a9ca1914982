// SPDX-License-Identifier: Apache-2.0

package check

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Loading refuses what this check finds, as far as it looks: so the jobs are made here.
func TestValidDecorationConfig(t *testing.T) {
	yes, no := true, false
	decorated := func(name, agent string, decorate *bool) jobs.Periodic {
		return jobs.Periodic{JobBase: jobs.JobBase{
			Name: name, Agent: agent,
			Utility: jobs.Utility{Decorate: decorate, DecorationConfig: &prowv1.DecorationConfig{}},
		}}
	}
	in := Input{Config: &config.Config{Jobs: &jobs.Jobs{Periodics: []jobs.Periodic{
		decorated("wrong", "kubernetes", &yes), decorated("not decorated", "kubernetes", &no), decorated("elsewhere", "jenkins", &yes),
	}}}}
	var got []string
	for _, f := range validDecorationConfig(in) {
		got = append(got, f.description())
	}
	want := []string{
		"decoration_config.gcs_configuration: periodic wrong: is missing",
		"decoration_config.utility_images: periodic wrong: is missing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

func (p *Plank) setDefaults() {
	p.Controller.setDefaults()
	fillDuration(&p.PodPendingTimeout, 10*time.Minute)
	fillDuration(&p.PodRunningTimeout, 48*time.Hour)
	fillDuration(&p.PodUnscheduledTimeout, 5*time.Minute)
	if p.MaxRevivals == nil {
		three := 3
		p.MaxRevivals = &three
	}
	p.decorations = p.DefaultDecorationConfigEntries
	for _, key := range generalFirst(p.DefaultDecorationConfigs) {
		p.decorations = append(p.decorations, DecorationEntry{OrgRepo: key, Config: p.DefaultDecorationConfigs[key]})
	}
}

// Validate reports what the configuration of plank contradicts or leaves out, and templates that do not parse.
func (p *Plank) Validate() *apis.FieldError {
	errs := p.validate(nil)
	if *p.MaxRevivals < 0 {
		errs = errs.Also(apis.ErrInvalidValue(*p.MaxRevivals, "max_revivals", "want 0 or more"))
	}
	if len(p.DefaultDecorationConfigs) > 0 && len(p.DefaultDecorationConfigEntries) > 0 {
		errs = errs.Also(exclusive("default_decoration_configs", "default_decoration_config_entries"))
	}
	for i, entry := range p.DefaultDecorationConfigEntries {
		if entry.Config == nil {
			errs = errs.Also(apis.ErrMissingField("config").ViaFieldIndex("default_decoration_config_entries", i).At(apis.WarningLevel))
		}
	}
	for _, key := range generalFirst(p.JobURLPrefixConfig) {
		errs = errs.Also(validURL(p.JobURLPrefixConfig[key], apis.CurrentField).ViaFieldKey("job_url_prefix_config", key))
	}
	return errs
}

// DefaultDecoration is the decoration of jobs of a repo on a cluster that set nothing; nil when no entry matches.
func (p *Plank) DefaultDecoration(orgRepo, cluster string) *prowv1.DecorationConfig {
	var merged *prowv1.DecorationConfig
	for _, entry := range p.decorations {
		if matches(entry.OrgRepo, entry.Cluster, orgRepo, cluster) {
			merged = entry.Config.ApplyDefault(merged)
		}
	}
	return merged
}

// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"strings"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// finisher gives jobs their defaults and validates each by itself. Jobs that end
// up with the same thing share it.
type finisher struct {
	Settings
	findings
	presets  *presets
	patterns *patterns
	defaults map[place]inherited
	// merged are decorations, by their own and the default one.
	merged map[[2]*prowv1.DecorationConfig]*prowv1.DecorationConfig
	// decorations are the defaults and those that were looked at.
	decorations map[*prowv1.DecorationConfig]*decoration
	// names and values are those of labels that were looked at.
	names, values checked
	namespace     *string
	decorateAll   *bool
}

// place is what defaults depend on.
type place struct{ orgRepo, cluster string }

// decoration is what is known about one.
type decoration struct {
	// isDefault is whether jobs have it that set nothing.
	isDefault bool
	// looked is whether errors is what is wrong with it.
	looked bool
	errors *apis.FieldError
}

// inherited is what jobs in a place have that set nothing.
type inherited struct {
	decoration *prowv1.DecorationConfig
	prowJob    *prowv1.ProwJobDefault
}

func newFinisher(s Settings, presets []Preset) *finisher {
	namespace, decorateAll := s.PodNamespace, s.DecorateAll // Their own variables: jobs that outlive the finisher point to them.
	return &finisher{
		Settings: s, namespace: &namespace, decorateAll: &decorateAll, presets: newPresets(presets), patterns: &patterns{known: map[string]*pattern{}},
		names: checked{}, values: checked{},
		defaults: map[place]inherited{}, merged: map[[2]*prowv1.DecorationConfig]*prowv1.DecorationConfig{}, decorations: map[*prowv1.DecorationConfig]*decoration{},
	}
}

// presubmits finishes presubmits of a repo.
func (f *finisher) presubmits(orgRepo string, list []Presubmit) {
	for i := range list {
		p := &list[i]
		f.base(&p.JobBase, "presubmit", orgRepo)
		if p.Context == "" {
			p.Context = p.Name
		}
		f.trigger(p)
		f.expressions(&p.JobBase, "presubmit", &p.Brancher, &p.RegexpChangeMatcher)
		if p.AlwaysRun && p.RegexpChangeMatcher.CouldRun() {
			f.fail(&p.JobBase, "presubmit", "always_run", "excludes run_if_changed and skip_if_only_changed")
		}
		f.validate(&p.JobBase, "presubmit", prowv1.PresubmitJob)
		f.reporting(&p.JobBase, "presubmit", p.Reporter)
	}
}

func (f *finisher) postsubmits(orgRepo string, list []Postsubmit) {
	for i := range list {
		p := &list[i]
		f.base(&p.JobBase, "postsubmit", orgRepo)
		if p.Context == "" {
			p.Context = p.Name
		}
		f.expressions(&p.JobBase, "postsubmit", &p.Brancher, &p.RegexpChangeMatcher)
		if p.AlwaysRun != nil && *p.AlwaysRun && p.RegexpChangeMatcher.CouldRun() {
			f.fail(&p.JobBase, "postsubmit", "always_run", "excludes run_if_changed and skip_if_only_changed")
		}
		f.validate(&p.JobBase, "postsubmit", prowv1.PostsubmitJob)
		f.reporting(&p.JobBase, "postsubmit", p.Reporter)
	}
}

func (f *finisher) periodics(list []Periodic) {
	for i := range list {
		p := &list[i]
		orgRepo := ""
		if len(p.ExtraRefs) > 0 {
			orgRepo = p.ExtraRefs[0].OrgRepo()
		}
		f.base(&p.JobBase, "periodic", orgRepo)
		f.schedule(p)
		f.validate(&p.JobBase, "periodic", prowv1.PeriodicJob)
	}
}

// base gives a job the defaults that all kinds have.
func (f *finisher) base(b *JobBase, kind, orgRepo string) {
	if b.Agent == "" {
		b.Agent = string(prowv1.KubernetesAgent)
	}
	if b.Namespace == nil || *b.Namespace == "" {
		b.Namespace = f.namespace
	}
	if b.Cluster == "" {
		b.Cluster = prowv1.DefaultClusterAlias
	}
	from := f.inherited(place{orgRepo, b.Cluster})
	b.ProwJobDefault = mergeProwJobDefault(b.ProwJobDefault, from.prowJob)
	if b.Decorate == nil {
		b.Decorate = f.decorateAll
	}
	if *b.Decorate {
		switch {
		case b.DecorationConfig != nil:
			b.DecorationConfig = f.decorated(b.DecorationConfig, from.decoration)
		case from.decoration != nil:
			b.DecorationConfig = from.decoration
		default:
			b.DecorationConfig = &prowv1.DecorationConfig{}
		}
	}
	f.applyPresets(b, kind)
}

// decorated is a decoration with what it leaves unset taken from the default.
func (f *finisher) decorated(own, def *prowv1.DecorationConfig) *prowv1.DecorationConfig {
	both := [2]*prowv1.DecorationConfig{own, def}
	merged, known := f.merged[both]
	if !known {
		merged = own.ApplyDefault(def)
		f.merged[both] = merged
	}
	return merged
}

func (f *finisher) inherited(at place) inherited {
	if known, ok := f.defaults[at]; ok {
		return known
	}
	found := inherited{}
	if f.Decoration != nil {
		found.decoration = f.Decoration(at.orgRepo, at.cluster)
		f.decorations[found.decoration] = &decoration{isDefault: true}
	}
	if f.ProwJobDefault != nil {
		found.prowJob = f.ProwJobDefault(at.orgRepo, at.cluster)
	}
	f.defaults[at] = found
	return found
}

func mergeProwJobDefault(own, def *prowv1.ProwJobDefault) *prowv1.ProwJobDefault {
	if own == nil || def == nil {
		if own == nil {
			return def
		}
		return own
	}
	merged := *own
	if merged.TenantID == "" {
		merged.TenantID = def.TenantID
	}
	if merged.ResultStoreConfig == nil {
		merged.ResultStoreConfig = def.ResultStoreConfig
	}
	return &merged
}

// trigger gives a presubmit the comment that starts it. The name is not
// escaped: that is part of the contract.
func (f *finisher) trigger(p *Presubmit) {
	switch {
	case p.Trigger != "" && p.RerunCommand != "":
	case p.Trigger != "":
		f.fail(&p.JobBase, "presubmit", "trigger", "needs a rerun_command that matches it")
	case p.RerunCommand != "": // An empty trigger would match every comment.
		f.fail(&p.JobBase, "presubmit", "rerun_command", "needs a trigger that it matches")
		return
	default:
		p.Trigger = `(?m)^/test( | .* )` + p.Name + `,?($|\s.*)`
		p.RerunCommand = "/test " + p.Name
		if jobName.MatchString(p.Name) && !strings.Contains(p.Name, ".") {
			if err := f.patterns.spend(len(p.Trigger)); err != nil {
				f.fail(&p.JobBase, "presubmit", "name", err.Error())
			}
			p.trigger = &pattern{text: p.Trigger, needle: p.Name}
			return
		}
	}
	trigger, err := f.patterns.get(p.Trigger)
	switch {
	case err != nil:
		f.fail(&p.JobBase, "presubmit", "trigger", err.Error())
		return
	case p.RerunCommand != "" && !trigger.match(p.RerunCommand):
		f.fail(&p.JobBase, "presubmit", "rerun_command", fmt.Sprintf("%q does not match the trigger %q", p.RerunCommand, p.Trigger))
	}
	p.trigger = trigger
}

func (f *finisher) expressions(b *JobBase, kind string, branches *Brancher, changes *RegexpChangeMatcher) {
	if field, err := branches.prepare(f.patterns); err != nil {
		f.fail(b, kind, field, err.Error())
	}
	if field, err := changes.prepare(f.patterns); err != nil {
		f.fail(b, kind, field, err.Error())
	}
}

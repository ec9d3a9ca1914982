// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// defaultPRHistoryLink is deck's own page.
const defaultPRHistoryLink = "/pr-history?org={{.Org}}&repo={{.Repo}}&pr={{.Number}}"

func (d *Deck) setDefaults() {
	fillDuration(&d.TideUpdatePeriod, 10*time.Second)
	d.Spyglass.setDefaults()
	if len(d.DefaultRerunAuthConfigs) > 0 {
		return
	}
	for _, key := range generalFirst(d.RerunAuthConfigs) {
		d.DefaultRerunAuthConfigs = append(d.DefaultRerunAuthConfigs, RerunAuthEntry{OrgRepo: key, Config: d.RerunAuthConfigs[key]})
	}
	d.RerunAuthConfigs = nil
}

func (s *Spyglass) setDefaults() {
	fill(&s.SizeLimit, 100e6)
	var old []LensFile
	for _, files := range slices.Sorted(maps.Keys(s.Viewers)) {
		for _, name := range s.Viewers[files] {
			old = append(old, LensFile{RequiredFiles: []string{files}, Lens: Lens{Name: name}})
		}
	}
	slices.SortStableFunc(old, func(a, b LensFile) int { return cmp.Compare(a.Lens.Name, b.Lens.Name) })
	s.Lenses = append(s.Lenses, old...)
	s.GCSBrowserPrefixes, s.twoPrefixes = withGeneral(s.GCSBrowserPrefixes, s.GCSBrowserPrefix)
	s.GCSBrowserPrefixesByBucket, s.twoBucketPrefixes = withGeneral(s.GCSBrowserPrefixesByBucket, s.GCSBrowserPrefix)
}

// withGeneral adds the old form of a map's entry "*", and reports whether both are given.
func withGeneral(byKey map[string]string, general string) (with map[string]string, both bool) {
	if _, ok := byKey["*"]; ok {
		return byKey, general != ""
	}
	if byKey == nil {
		byKey = map[string]string{}
	}
	byKey["*"] = general
	return byKey, false
}

// PRHistoryLink is the template of the link to a pull's history.
func (s Spyglass) PRHistoryLink() string {
	if s.PRHistLinkTemplate == "" {
		return defaultPRHistoryLink
	}
	return s.PRHistLinkTemplate
}

// Validate reports what deck could not serve.
func (d Deck) Validate() *apis.FieldError {
	errs := d.Spyglass.validate().ViaField("spyglass")
	if len(d.RerunAuthConfigs) > 0 {
		errs = errs.Also(exclusive("rerun_auth_configs", "default_rerun_auth_configs"))
	}
	for i, entry := range d.DefaultRerunAuthConfigs {
		errs = errs.Also(entry.Config.Validate().ViaField("rerun_auth_configs").ViaFieldIndex("default_rerun_auth_configs", i))
	}
	for i, logs := range d.ExternalAgentLogs {
		errs = errs.Also(logs.validate().ViaFieldIndex("external_agent_logs", i))
	}
	if len(d.AdditionalAllowedBuckets) > 0 && (d.SkipStoragePathValidation == nil || *d.SkipStoragePathValidation) {
		errs = errs.Also(apis.ErrGeneric("needs skip_storage_path_validation: false", "additional_allowed_buckets"))
	}
	return errs
}

func (l ExternalAgentLog) validate() *apis.FieldError {
	var errs *apis.FieldError
	if _, err := labels.Parse(l.Selector); err != nil {
		errs = errs.Also(apis.ErrInvalidValue(l.Selector, "selector", err.Error()))
	}
	if _, err := template.New(l.Agent).Parse(l.URLTemplate); err != nil {
		errs = errs.Also(apis.ErrInvalidValue(l.URLTemplate, "url_template", err.Error()))
	}
	return errs
}

func (s Spyglass) validate() *apis.FieldError {
	var errs *apis.FieldError
	if s.SizeLimit < 0 {
		errs = errs.Also(apis.ErrInvalidValue(s.SizeLimit, "size_limit"))
	}
	for i, lens := range s.Lenses {
		errs = errs.Also(validExpressions(lens.RequiredFiles, "required_files").ViaFieldIndex("lenses", i))
		errs = errs.Also(validExpressions(lens.OptionalFiles, "optional_files").ViaFieldIndex("lenses", i))
	}
	if s.twoPrefixes {
		errs = errs.Also(exclusive("gcs_browser_prefix", "gcs_browser_prefixes[*]"))
	}
	if s.twoBucketPrefixes {
		errs = errs.Also(exclusive("gcs_browser_prefix", "gcs_browser_prefixes_by_bucket[*]"))
	}
	if _, err := template.New("pull").Parse(s.PRHistLinkTemplate); err != nil {
		errs = errs.Also(apis.ErrInvalidValue(s.PRHistLinkTemplate, "pr_history_link_template", err.Error()))
	}
	return errs
}

// RerunAuthFor says who may run a job again: the last entry that matches; nil when none does.
func (d Deck) RerunAuthFor(orgRepo, cluster string) *prowv1.RerunAuthConfig {
	for _, entry := range slices.Backward(d.DefaultRerunAuthConfigs) {
		if matches(entry.OrgRepo, entry.Cluster, orgRepo, cluster) {
			return entry.Config
		}
	}
	return nil
}

// Hidden reports whether runs of the repo are shown only with hidden jobs.
func (d Deck) Hidden(org, repo string) bool { return listed(d.HiddenRepos, org, repo) }

// generalFirst are the keys of a map by "", "*", org and org/repo, in this order.
func generalFirst[T any](byKey map[string]T) []string {
	rank := func(key string) int {
		switch {
		case key == "":
			return 0
		case key == "*":
			return 1
		case !strings.Contains(key, "/"):
			return 2
		}
		return 3
	}
	keys := slices.Sorted(maps.Keys(byKey))
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	return keys
}

// matches reports whether an entry for some repos and clusters is for these.
func matches(entryRepo, entryCluster, orgRepo, cluster string) bool {
	if entryCluster != "" && entryCluster != "*" && entryCluster != cluster {
		return false
	}
	if entryRepo == "" || entryRepo == "*" {
		return true
	}
	entryRepo, orgRepo = withoutScheme(entryRepo), withoutScheme(orgRepo)
	org, _, _ := strings.Cut(orgRepo, "/")
	return entryRepo == orgRepo || entryRepo == org
}

// withoutScheme makes the names of Gerrit's instances alike: without scheme and without "-review" in the host.
func withoutScheme(name string) string {
	plain := strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
	if plain == name && !strings.Contains(name, "-review.") {
		return name
	}
	host, rest, found := strings.Cut(plain, "/")
	host = strings.Replace(host, "-review.", ".", 1)
	if !found {
		return host
	}
	return host + "/" + rest
}

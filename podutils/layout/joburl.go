// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"text/template"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
)

// URLs is what config.yaml's plank key says of the pages of runs.
type URLs struct {
	// Prefixes is job_url_prefix_config, by org/repo, org and "*".
	Prefixes map[string]string
	// OmitProvider is jobURLPrefixDisableAppendStorageProvider.
	OmitProvider bool
	// Template is job_url_template, for runs without a prefix; nil gives no URL.
	Template *template.Template
}

// Prefix is the base of the pages of a run; empty when there is none.
func (u URLs) Prefix(spec *prowv1.ProwJobSpec) string {
	if d := spec.DecorationConfig; d != nil && d.GCSConfiguration != nil && d.GCSConfiguration.JobURLPrefix != "" {
		return d.GCSConfiguration.JobURLPrefix
	}
	if refs := spec.MainRefs(); refs != nil {
		for _, key := range []string{refs.OrgRepo(), refs.Org} {
			if prefix := u.Prefixes[key]; prefix != "" {
				return prefix
			}
		}
	}
	return u.Prefixes["*"]
}

// JobURL is the page of a run; its status has to hold the build ID. It may be
// empty.
func JobURL(pj *prowv1.ProwJob, urls URLs) (string, error) {
	if d := pj.Spec.DecorationConfig; d != nil && d.GCSConfiguration != nil {
		if prefix := urls.Prefix(&pj.Spec); prefix != "" {
			return pageURL(pj, prefix, urls.OmitProvider)
		}
	}
	if urls.Template == nil {
		return "", nil
	}
	var b strings.Builder
	if err := urls.Template.Execute(&b, pj); err != nil {
		return "", fmt.Errorf("executing job_url_template for prowjob %s: %w", pj.Name, err)
	}
	return b.String(), nil
}

func pageURL(pj *prowv1.ProwJob, prefix string, omitProvider bool) (string, error) {
	config := pj.Spec.DecorationConfig.GCSConfiguration
	bucket, err := ParseBucket(config.Bucket)
	if err != nil {
		return "", err
	}
	page, err := url.Parse(prefix)
	if err != nil {
		return "", fmt.Errorf("job URL prefix: %w", err)
	}
	provider := bucket.Provider()
	if omitProvider {
		provider = ""
	}
	spec := jobspec.Of(pj)
	page.Path = path.Join(page.Path, provider, bucket.Name(), RunDir(config, &spec))
	return page.String(), nil
}

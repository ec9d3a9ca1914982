// SPDX-License-Identifier: Apache-2.0

package config

import prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"

// KnownBuckets are the buckets that the configuration names, as it does; some
// may come twice. Jobs in repositories are not asked: what they name is not
// known to be ours.
func (c *Config) KnownBuckets() []string {
	names := append([]string(nil), c.Deck.AdditionalAllowedBuckets...)
	add := func(d *prowv1.DecorationConfig) {
		if d != nil && d.GCSConfiguration != nil && d.GCSConfiguration.Bucket != "" {
			names = append(names, d.GCSConfiguration.Bucket)
		}
	}
	for _, entry := range c.Plank.DefaultDecorationConfigEntries {
		add(entry.Config)
	}
	if c.Jobs == nil {
		return names
	}
	for _, jobs := range c.Jobs.Presubmits {
		for i := range jobs {
			add(jobs[i].DecorationConfig)
		}
	}
	for _, jobs := range c.Jobs.Postsubmits {
		for i := range jobs {
			add(jobs[i].DecorationConfig)
		}
	}
	for i := range c.Jobs.Periodics {
		add(c.Jobs.Periodics[i].DecorationConfig)
	}
	return names
}

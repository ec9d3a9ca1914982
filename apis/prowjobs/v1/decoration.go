// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
)

// ApplyDefault is c with what it leaves unset taken from the default, field by
// field, through the nested configurations too. Neither is changed, but the
// result shares their parts: thousands of jobs have the same default, so none
// of the three may be changed afterwards. The one exception to "what is set
// wins" is Prow's: the default's media types win.
func (c *DecorationConfig) ApplyDefault(def *DecorationConfig) *DecorationConfig {
	if c == nil || def == nil {
		return either(c, def)
	}
	copied := *c
	merged := &copied
	merged.UtilityImages = merged.UtilityImages.applyDefault(def.UtilityImages)
	merged.Resources = merged.Resources.applyDefault(def.Resources)
	merged.GCSConfiguration = merged.GCSConfiguration.applyDefault(def.GCSConfiguration)
	merged.CensoringOptions = merged.CensoringOptions.applyDefault(def.CensoringOptions)
	merged.SchedulingOptions = merged.SchedulingOptions.applyDefault(def.SchedulingOptions)
	merged.defaultTimes(def)
	merged.defaultCredentials(def)
	merged.defaultCloning(def)
	pointer(&merged.CensorSecrets, def.CensorSecrets)
	pointer(&merged.UploadIgnoresInterrupts, def.UploadIgnoresInterrupts)
	pointer(&merged.SetLimitEqualsMemoryRequest, def.SetLimitEqualsMemoryRequest)
	pointer(&merged.DefaultMemoryRequest, def.DefaultMemoryRequest)
	pointer(&merged.RunAsUser, def.RunAsUser)
	pointer(&merged.RunAsGroup, def.RunAsGroup)
	pointer(&merged.FsGroup, def.FsGroup)
	return merged
}

func (c *DecorationConfig) defaultTimes(def *DecorationConfig) {
	pointer(&c.Timeout, def.Timeout)
	pointer(&c.GracePeriod, def.GracePeriod)
	pointer(&c.PodPendingTimeout, def.PodPendingTimeout)
	pointer(&c.PodRunningTimeout, def.PodRunningTimeout)
	pointer(&c.PodUnscheduledTimeout, def.PodUnscheduledTimeout)
}

func (c *DecorationConfig) defaultCredentials(def *DecorationConfig) {
	pointer(&c.GCSCredentialsSecret, def.GCSCredentialsSecret)
	pointer(&c.S3CredentialsSecret, def.S3CredentialsSecret)
	pointer(&c.DefaultServiceAccountName, def.DefaultServiceAccountName)
	list(&c.SSHKeySecrets, def.SSHKeySecrets)
	list(&c.SSHHostFingerprints, def.SSHHostFingerprints)
	pointer(&c.CookiefileSecret, def.CookiefileSecret)
	pointer(&c.OauthTokenSecret, def.OauthTokenSecret)
	list(&c.GitHubAPIEndpoints, def.GitHubAPIEndpoints)
	value(&c.GitHubAppID, def.GitHubAppID)
	pointer(&c.GitHubAppPrivateKeySecret, def.GitHubAppPrivateKeySecret)
}

func (c *DecorationConfig) defaultCloning(def *DecorationConfig) {
	pointer(&c.SkipCloning, def.SkipCloning)
	pointer(&c.BloblessFetch, def.BloblessFetch)
	list(&c.SparseCheckoutFiles, def.SparseCheckoutFiles)
}

func (u *UtilityImages) applyDefault(def *UtilityImages) *UtilityImages {
	if u == nil || def == nil {
		return either(u, def)
	}
	copied := *u
	u = &copied
	value(&u.CloneRefs, def.CloneRefs)
	value(&u.InitUpload, def.InitUpload)
	value(&u.Entrypoint, def.Entrypoint)
	value(&u.Sidecar, def.Sidecar)
	return u
}

func (r *Resources) applyDefault(def *Resources) *Resources {
	if r == nil || def == nil {
		return either(r, def)
	}
	copied := *r
	r = &copied
	pointer(&r.CloneRefs, def.CloneRefs)
	pointer(&r.InitUpload, def.InitUpload)
	pointer(&r.PlaceEntrypoint, def.PlaceEntrypoint)
	pointer(&r.Sidecar, def.Sidecar)
	return r
}

func (g *GCSConfiguration) applyDefault(def *GCSConfiguration) *GCSConfiguration {
	if g == nil || def == nil {
		return either(g, def)
	}
	copied := *g
	g = &copied
	value(&g.Bucket, def.Bucket)
	value(&g.PathPrefix, def.PathPrefix)
	value(&g.PathStrategy, def.PathStrategy)
	value(&g.DefaultOrg, def.DefaultOrg)
	value(&g.DefaultRepo, def.DefaultRepo)
	value(&g.JobURLPrefix, def.JobURLPrefix)
	value(&g.LocalOutputDir, def.LocalOutputDir)
	list(&g.CompressFileTypes, def.CompressFileTypes)
	if len(g.MediaTypes) == 0 {
		g.MediaTypes = def.MediaTypes
	} else if len(def.MediaTypes) > 0 {
		g.MediaTypes = maps.Clone(g.MediaTypes)
		maps.Copy(g.MediaTypes, def.MediaTypes)
	}
	return g
}

func (o *CensoringOptions) applyDefault(def *CensoringOptions) *CensoringOptions {
	if o == nil || def == nil {
		return either(o, def)
	}
	copied := *o
	o = &copied
	pointer(&o.CensoringConcurrency, def.CensoringConcurrency)
	pointer(&o.CensoringBufferSize, def.CensoringBufferSize)
	list(&o.IncludeDirectories, def.IncludeDirectories)
	list(&o.ExcludeDirectories, def.ExcludeDirectories)
	pointer(&o.MinimumSecretLength, def.MinimumSecretLength)
	pointer(&o.TokenShapes, def.TokenShapes)
	return o
}

func (o *SchedulingOptions) applyDefault(def *SchedulingOptions) *SchedulingOptions {
	if o == nil || def == nil {
		return either(o, def)
	}
	copied := *o
	o = &copied
	pointer[corev1.Affinity](&o.Affinity, def.Affinity)
	list(&o.Tolerations, def.Tolerations)
	return o
}

func pointer[T any](set **T, def *T) { *set = either(*set, def) }

func either[T any](set, def *T) *T {
	if set != nil {
		return set
	}
	return def
}

func value[T comparable](set *T, def T) {
	var zero T
	if *set == zero {
		*set = def
	}
}

func list[T any](set *[]T, def []T) {
	if len(*set) == 0 {
		*set = def
	}
}

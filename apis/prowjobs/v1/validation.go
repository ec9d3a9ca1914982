// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"fmt"
	"mime"
	"net/url"
	"strings"

	"knative.dev/pkg/apis"
)

// Validate reports what a decorated pod cannot be made without. Secrets may
// be unset: the cluster may give workloads an identity.
func (c *DecorationConfig) Validate() *apis.FieldError {
	if c == nil {
		return nil
	}
	errs := c.UtilityImages.validate().ViaField("utility_images")
	errs = errs.Also(c.GCSConfiguration.validate().ViaField("gcs_configuration"))
	if c.OauthTokenSecret != nil && len(c.SSHKeySecrets) > 0 {
		errs = errs.Also(apis.ErrMultipleOneOf("oauth_token_secret", "ssh_key_secrets"))
	}
	return errs
}

func (u *UtilityImages) validate() *apis.FieldError {
	if u == nil {
		return apis.ErrMissingField(apis.CurrentField)
	}
	var errs *apis.FieldError
	for _, image := range []struct{ field, image string }{
		{"clonerefs", u.CloneRefs}, {"initupload", u.InitUpload}, {"entrypoint", u.Entrypoint}, {"sidecar", u.Sidecar},
	} {
		if image.image == "" {
			errs = errs.Also(apis.ErrMissingField(image.field))
		}
	}
	return errs
}

func (g *GCSConfiguration) validate() *apis.FieldError {
	if g == nil {
		return apis.ErrMissingField(apis.CurrentField)
	}
	var errs *apis.FieldError
	if !validBucket(g.Bucket) {
		errs = errs.Also(apis.ErrInvalidValue(g.Bucket, "bucket", "want gs://bucket, s3://bucket, file:///folder or a bucket of GCS"))
	}
	for extension, mediaType := range g.MediaTypes {
		if _, _, err := mime.ParseMediaType(mediaType); err != nil {
			errs = errs.Also(apis.ErrInvalidValue(mediaType, fmt.Sprintf("mediaTypes[%s]", extension), err.Error()))
		}
	}
	switch g.PathStrategy {
	case PathStrategyExplicit:
	case PathStrategyLegacy, PathStrategySingle:
		if g.DefaultOrg == "" {
			errs = errs.Also(apis.ErrMissingField("default_org"))
		}
		if g.DefaultRepo == "" {
			errs = errs.Also(apis.ErrMissingField("default_repo"))
		}
	default:
		errs = errs.Also(apis.ErrInvalidValue(g.PathStrategy, "path_strategy", "want legacy, explicit or single"))
	}
	return errs
}

// validBucket reports whether the name of a bucket can be read; a bare name is one of GCS.
func validBucket(bucket string) bool {
	if bucket == "" {
		return true
	}
	if !strings.Contains(bucket, "://") {
		bucket = "gs://" + bucket
	}
	_, err := url.Parse(bucket)
	return err == nil
}

// Validate reports a contradiction.
func (c *RerunAuthConfig) Validate() *apis.FieldError {
	if c == nil || !c.AllowAnyone {
		return nil
	}
	if len(c.GitHubTeamIDs)+len(c.GitHubTeamSlugs)+len(c.GitHubUsers)+len(c.GitHubOrgs) == 0 {
		return nil
	}
	return apis.ErrGeneric("excludes all other fields", "allow_anyone")
}

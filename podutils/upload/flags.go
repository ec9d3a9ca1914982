// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"flag"
	"fmt"
	"net/url"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// AddFlags adds the flags that set o; it gives o a configuration to set.
func AddFlags(flags *flag.FlagSet, o *options.Upload) {
	o.GCSConfiguration = &prowv1.GCSConfiguration{PathStrategy: prowv1.PathStrategyExplicit}
	c := o.GCSConfiguration
	flags.StringVar(&o.SubDir, "sub-dir", "", "folder, in that of the run, to upload to")
	flags.StringVar((*string)(&c.PathStrategy), "path-strategy", string(c.PathStrategy), "how org and repo become part of the path: explicit, legacy or single")
	flags.StringVar(&c.DefaultOrg, "default-org", "", "org that the path strategy leaves out")
	flags.StringVar(&c.DefaultRepo, "default-repo", "", "repository that the path strategy leaves out")
	flags.Var(gcsPath{c}, "gcs-path", "bucket, and path in it, to upload to: gs://bucket/path")
	flags.BoolVar(&o.DryRun, "dry-run", true, "only say what would be uploaded")
	flags.Var(mediaTypeFlag{c}, "media-type", "media type of a file ending, as ending:type; may be repeated")
	flags.StringVar(&c.LocalOutputDir, "local-output-dir", "", "folder to copy to, instead of uploading")
	flags.StringVar(&o.GCSCredentialsFile, "gcs-credentials-file", "", "service account's key for gs:// buckets")
	flags.StringVar(&o.S3CredentialsFile, "s3-credentials-file", "", "credentials for s3:// buckets")
}

type gcsPath struct{ *prowv1.GCSConfiguration }

// String implements flag.Value.
func (p gcsPath) String() string {
	if p.GCSConfiguration == nil || p.Bucket == "" {
		return ""
	}
	return p.Bucket + "/" + p.PathPrefix
}

// Set implements flag.Value.
func (p gcsPath) Set(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme == "" {
		return fmt.Errorf("%q is no URL such as gs://bucket/path", text)
	}
	if parsed.Scheme == "file" {
		p.Bucket, p.PathPrefix = text, ""
		return nil
	}
	p.Bucket, p.PathPrefix = parsed.Scheme+"://"+parsed.Host, strings.Trim(parsed.Path, "/")
	return nil
}

type mediaTypeFlag struct{ *prowv1.GCSConfiguration }

// String implements flag.Value.
func (m mediaTypeFlag) String() string {
	if m.GCSConfiguration == nil || len(m.MediaTypes) == 0 {
		return ""
	}
	return fmt.Sprint(m.MediaTypes)
}

// Set implements flag.Value.
func (m mediaTypeFlag) Set(text string) error {
	ending, mediaType, ok := strings.Cut(text, ":")
	if !ok {
		return fmt.Errorf("%q is not ending:type", text)
	}
	if m.MediaTypes == nil {
		m.MediaTypes = map[string]string{}
	}
	m.MediaTypes[ending] = mediaType
	return nil
}

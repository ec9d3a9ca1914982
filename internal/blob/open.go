// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/cutwater-ci/cutwater/internal/blob/filedriver"
)

// Credentials name files with what gs:// and s3:// buckets are opened with. Where a
// name is empty the provider's own search applies: workload identity, the machine's
// role, environment variables. It can be a part of a process's environment.
type Credentials struct {
	// GCSFile is a Google credentials file, as of a service account.
	GCSFile string `env:"GCS_CREDENTIALS_FILE"`
	// S3File is JSON: region, endpoint, insecure, s3_force_path_style, access_key,
	// secret_key, session_token.
	S3File string `env:"S3_CREDENTIALS_FILE"`
}

// Open returns the bucket of the URL, with the provider's own credentials:
//
//	gs://bucket[/folder]
//	s3://bucket[/folder][?region=…&endpoint=…&use_path_style=true]
//	file:///folder        (made when it is not there)
//	mem://                (a new one each time)
//
// With a folder, all keys are below it. Nothing is asked of the provider yet.
func Open(ctx context.Context, bucketURL string) (*Bucket, error) {
	return OpenWithCredentials(ctx, bucketURL, Credentials{})
}

// OpenWithCredentials is like Open, with credentials from files.
func OpenWithCredentials(ctx context.Context, bucketURL string, c Credentials) (*Bucket, error) {
	u, err := url.Parse(bucketURL)
	if err != nil {
		// It is not repeated: it may hold a password.
		return nil, errors.New("the bucket's address is not a URL")
	}
	b, err := open(ctx, u, c)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s://%s%s: %w", u.Scheme, u.Host, u.Path, err)
	}
	return &Bucket{bucket: b, name: strings.TrimSuffix(u.Scheme+"://"+u.Host+u.Path, "/")}, nil
}

func open(ctx context.Context, u *url.URL, c Credentials) (*blob.Bucket, error) {
	if u.User != nil {
		return nil, errors.New("user and password have no place in a bucket's URL")
	}
	switch u.Scheme {
	case "mem":
		return memblob.OpenBucket(nil), nil
	case "file":
		return openFile(u)
	case "gs":
		return openFolder(u)(openGCS(ctx, u, c.GCSFile))
	case "s3":
		return openFolder(u)(openS3(ctx, u, c.S3File))
	}
	return nil, fmt.Errorf("unknown kind %q: use gs, s3, file or mem", u.Scheme)
}

func openFile(u *url.URL) (*blob.Bucket, error) {
	if u.Host != "" || u.Path == "" {
		return nil, errors.New("a folder needs three slashes, as file:///folder")
	}
	d, err := filedriver.Open(u.Path)
	if err != nil {
		return nil, err
	}
	return blob.NewBucket(d), nil
}

// openFolder returns what confines a bucket to the folder that the URL names.
func openFolder(u *url.URL) func(*blob.Bucket, error) (*blob.Bucket, error) {
	return func(b *blob.Bucket, err error) (*blob.Bucket, error) {
		folder := strings.Trim(u.Path, "/")
		if err != nil || folder == "" {
			return b, err
		}
		return blob.PrefixedBucket(b, folder+"/"), nil
	}
}

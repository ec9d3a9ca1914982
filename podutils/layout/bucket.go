// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Bucket is a bucket as configurations name it: gs://b, s3://b, file:///dir,
// mem://, or b alone, which is gs://b.
type Bucket struct{ url *url.URL }

// ParseBucket reads a configuration's bucket.
func ParseBucket(name string) (Bucket, error) {
	if !strings.Contains(name, "://") {
		name = "gs://" + name
	}
	parsed, err := url.Parse(name)
	if err != nil {
		return Bucket{}, fmt.Errorf("bucket %q is not a URL: %w", name, err)
	}
	return Bucket{url: parsed}, nil
}

// BucketURLs are the URLs of buckets as configurations name them; what names none
// is left out.
func BucketURLs(names []string) map[string]bool {
	urls := map[string]bool{}
	for _, name := range names {
		if bucket, err := ParseBucket(name); err == nil && name != "" {
			urls[bucket.String()] = true
		}
	}
	return urls
}

// String is the bucket as a URL.
func (b Bucket) String() string { return strings.TrimSuffix(b.url.String(), "/") }

// Provider is "gs", "s3" or "file".
func (b Bucket) Provider() string { return b.url.Scheme }

// Name is the bucket's name, without the path behind it.
func (b Bucket) Name() string { return b.url.Host }

// Object is the URL of a key in the bucket.
func (b Bucket) Object(key string) string { return b.String() + "/" + path.Join(key) }

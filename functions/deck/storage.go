// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// storage is the buckets that deck may read.
type storage struct {
	buckets blob.Pool
	// inbox is the bucket with webhooks, whose inbox is nobody's to read; it is empty when there is none.
	inbox string
	// extra are buckets that may be read besides those of the configuration.
	extra []string
}

// place is an object, or a folder of them, in a bucket.
type place struct {
	// bucket is its URL.
	bucket string
	key    string
	// path is what it is called in our URLs: provider/bucket/key.
	path string
}

// below is the place of a name below this one.
func (p place) below(name string) place {
	return place{bucket: p.bucket, key: path.Join(p.key, name), path: p.path + "/" + name}
}

// bucketName is what a bucket can be called. More would be more than a name once
// it is part of a URL: "b?endpoint=host" would have credentials used elsewhere,
// and "b#" would be the bucket b without looking like it.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,221}$`)

var errNoPlace = notFound("This is not a place that deck shows: /view/PROVIDER/BUCKET/PATH, where PROVIDER is gs, s3 or file.")

// locate reads provider/bucket/key as it stands in a URL. The configuration
// says which buckets may be read; of the machine's own files, never any others.
func (s *storage) locate(urlPath string, c *config.Config) (place, error) {
	clean := path.Clean("/" + urlPath)[1:]
	provider, rest, _ := strings.Cut(clean, "/")
	var p place
	switch provider {
	case "gs", "gcs", "s3":
		if provider == "gcs" {
			provider = "gs"
		}
		bucket, key, _ := strings.Cut(rest, "/")
		if alias, ok := c.Deck.Spyglass.BucketAliases[bucket]; ok {
			bucket = alias
		}
		if !bucketName.MatchString(bucket) {
			return place{}, errNoPlace
		}
		p = place{bucket: provider + "://" + bucket, key: key, path: provider + "/" + bucket + "/" + key}
		if validated := c.Deck.SkipStoragePathValidation; validated != nil && !*validated && !s.allowed(c)[p.bucket] {
			return place{}, notFound("Deck does not show this bucket.")
		}
	case "file":
		folder, key, ok := s.folder(rest, c)
		if !ok {
			return place{}, notFound("Deck does not show this folder.")
		}
		p = place{bucket: "file://" + folder, key: key, path: clean}
	}
	if p.bucket == "" || p.key == "" || strings.HasSuffix(p.bucket, "://") {
		return place{}, errNoPlace
	}
	if s.private(p) {
		return place{}, notFound("The inbox is not shown.")
	}
	return p, nil
}

// private says whether the place is in the inbox, or around it.
func (s *storage) private(p place) bool {
	if s.inbox == "" {
		return false
	}
	// Some servers do not distinguish capitals in the names of buckets.
	if n := len(p.bucket); len(s.inbox) >= n && strings.EqualFold(s.inbox[:n], p.bucket) {
		p.bucket = s.inbox[:n]
	}
	object, inbox := p.bucket+"/"+p.key, strings.TrimSuffix(s.inbox, "/")+"/inbox"
	return object == inbox || strings.HasPrefix(object, inbox+"/") || strings.HasPrefix(inbox, object+"/")
}

// folder finds the file bucket that a path is in. The path is absolute, but for
// its first slash; or it is one inside the only file bucket that there is, which
// is how the URLs of runs are, since a folder has no bucket's name.
func (s *storage) folder(name string, c *config.Config) (folder, key string, ok bool) {
	folders := 0
	only := ""
	for bucket := range s.allowed(c) {
		found, isFile := strings.CutPrefix(bucket, "file://")
		if !isFile {
			continue
		}
		folders++
		only = found
		if below, inside := strings.CutPrefix("/"+name, found+"/"); inside && len(found) > len(folder) {
			folder, key, ok = found, below, true
		}
	}
	if !ok && folders == 1 {
		return only, name, true
	}
	return folder, key, ok
}

// allowed is the URLs of the buckets that the configuration and the environment name.
func (s *storage) allowed(c *config.Config) map[string]bool {
	return layout.BucketURLs(slices.Concat(s.extra, c.KnownBuckets()))
}

// bucket opens the bucket of a place, once.
func (s *storage) bucket(ctx context.Context, p place) (*blob.Bucket, error) {
	return s.buckets.Open(ctx, p.bucket)
}

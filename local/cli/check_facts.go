// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// factsFlags say how to find out what is not in the files.
type factsFlags struct {
	storage blob.Credentials
	github  github.Environment
	// publicGCS is where public gs:// buckets are read.
	publicGCS string
}

func (f *factsFlags) add(flags *pflag.FlagSet) {
	f.publicGCS = publicGCS
	flags.StringVar(&f.storage.GCSFile, "gcs-credentials-file", "", "a file to read gs:// buckets with (default: none where anybody may read, else the machine's own)")
	flags.StringVar(&f.storage.S3File, "s3-credentials-file", "", "a file to read s3:// buckets with")
	addGitHub(flags, &f.github)
}

// factTime is how long it may take to find out one fact.
const factTime = 30 * time.Second

// gather finds out what the checks must know.
func (f *factsFlags) gather(ctx context.Context, in check.Input, selected []check.Check) (check.Facts, error) {
	var facts check.Facts
	if in.Config != nil && needs(selected, "validate-cluster-field") {
		facts.Clusters, facts.ClustersError = f.clusters(ctx, in.Config.Plank.BuildClusterStatusFile)
	}
	return facts, f.askGitHub(ctx, in, selected, &facts)
}

func needs(selected []check.Check, name string) bool {
	return slices.ContainsFunc(selected, func(c check.Check) bool { return c.Name == name })
}

// clusters reads the states of the build clusters, from a file on this machine or in a bucket.
func (f *factsFlags) clusters(ctx context.Context, file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, factTime)
	defer cancel()
	data, err := f.read(ctx, file)
	if err != nil {
		return nil, err
	}
	states := map[string]string{}
	if err := json.Unmarshal(data, &states); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return states, nil
}

// read reads a file on this machine or in a bucket. Where there is none the error is fs.ErrNotExist.
func (f *factsFlags) read(ctx context.Context, file string) ([]byte, error) {
	u, err := url.Parse(file)
	if err != nil || u.Scheme == "" {
		return os.ReadFile(file)
	}
	if u.Scheme == "file" {
		return os.ReadFile(u.Path)
	}
	object := strings.TrimPrefix(path.Clean(u.Path), "/")
	if u.Scheme == "gs" && f.storage.GCSFile == "" {
		data, err := readPublic(ctx, f.publicGCS, u.Host, object)
		if !errors.Is(err, errNotPublic) {
			return data, err
		}
	}
	bucket, err := blob.OpenWithCredentials(ctx, u.Scheme+"://"+u.Host, f.storage)
	if err != nil {
		return nil, errors.New(err.Error()) // a missing file of credentials is not the file that is asked for
	}
	data, err := bucket.Read(ctx, object)
	if errors.Is(err, blob.ErrNotFound) {
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return data, errors.Join(err, bucket.Close())
}

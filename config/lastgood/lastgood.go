// SPDX-License-Identifier: Apache-2.0

// Package lastgood keeps copies of the configuration that is in force, so that
// a process which starts while the files are wrong has what was in force.
//
// Started by package reload: in the function plugins, which keeps them, and in
// the controller, deck and horologium, which read them when need be. Changes:
// inbox/config/<name>.tar.gz in the inbox's bucket, name being config or
// plugins. Config: whatever the files hold. In Prow: nothing; its servers do not
// stop between events, and one that starts with a broken configuration ends.
package lastgood

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/internal/blob"
)

// The names of copies.
const (
	Config  = "config"  // config.yaml and the jobs
	Plugins = "plugins" // plugins.yaml
)

// sumKey is the metadata of a copy that holds its sum.
const sumKey = "sum"

// Copies are those of one name. They implement reload.Copies.
type Copies struct {
	key  string
	open func(context.Context) (*blob.Bucket, error)
	// keep is whether copies are kept, and not only read.
	keep bool
}

// In is those in a bucket.
func In(bucket *blob.Bucket, name string) Copies {
	return Copies{keyOf(name), func(context.Context) (*blob.Bucket, error) { return bucket, nil }, true}
}

// Reading lets a store of config.yaml and the jobs start with the copy that
// plugins keeps. The bucket is opened only then; without one there is no copy.
func Reading(bucketURL string, c blob.Credentials) reload.Options {
	if bucketURL == "" {
		return reload.Options{}
	}
	open := func(ctx context.Context) (*blob.Bucket, error) { return blob.OpenWithCredentials(ctx, bucketURL, c) }
	return reload.Options{Copies: Copies{keyOf(Config), open, false}}
}

func keyOf(name string) string { return "inbox/config/" + name + ".tar.gz" }

// Sum is a hash of what the paths, which are files and folders, hold. It is empty
// where copies are not kept.
func (c Copies) Sum(paths []string) (string, error) {
	if !c.keep {
		return "", nil
	}
	hash := sha256.New()
	if err := pack(hash, paths); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Keep makes what the paths hold the copy, if sum is their sum: what has
// changed meanwhile is not known to be good.
func (c Copies) Keep(ctx context.Context, sum string, paths []string) error {
	bucket, err := c.open(ctx)
	if err != nil {
		return err
	}
	there, err := bucket.Attributes(ctx, c.key)
	if err == nil && there.Metadata[sumKey] == sum {
		return nil
	}
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	var data bytes.Buffer
	zipped, hash := gzip.NewWriter(&data), sha256.New()
	err = pack(io.MultiWriter(zipped, hash), paths)
	if err := errors.Join(err, zipped.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != sum {
		return nil // The change will be loaded, and kept then.
	}
	return bucket.Write(ctx, c.key, data.Bytes(), &blob.WriteOptions{
		ContentType: "application/gzip", Metadata: map[string]string{sumKey: sum},
	})
}

// Restore writes the copy into the folder dir, and returns where each of the
// paths is in it.
func (c Copies) Restore(ctx context.Context, paths []string, dir string) ([]string, error) {
	bucket, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	data, err := bucket.Read(ctx, c.key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fmt.Errorf("there is no copy of a good configuration yet: %w", err)
	}
	if err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err == nil {
		err = unpack(unzipped, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("unpacking %s of %s: %w", c.key, bucket, err)
	}
	return placesIn(dir, paths), nil
}

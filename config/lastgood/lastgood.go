// SPDX-License-Identifier: Apache-2.0

// Package lastgood keeps copies of the configuration that is in force, so that
// a function which starts while the files are wrong has what was in force.
//
// Started by package reload, in the functions plugins, which keeps them, and
// deck. Changes: inbox/config/<name>.tar.gz in the inbox's bucket, name being
// config or plugins. Config:
// whatever the files hold. In Prow: nothing; its servers do not stop between
// events, and one that starts with a broken configuration ends.
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

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// prefix is where in the bucket the copies are.
const prefix = "inbox/config/"

// sumKey is the metadata of a copy that holds its sum.
const sumKey = "sum"

// Copies are the copies in a bucket, one of each name.
type Copies struct {
	bucket   *blob.Bucket
	readOnly bool
}

// In is those in the bucket.
func In(bucket *blob.Bucket) Copies { return Copies{bucket: bucket} }

// ReadOnly is them for who reads the bucket and does not write to it.
func (c Copies) ReadOnly() Copies { return Copies{c.bucket, true} }

// key is the object of a name.
func key(name string) string { return prefix + name + ".tar.gz" }

// Sum is a hash of what the paths, which are files and folders, hold. It is empty
// where copies are not kept.
func (c Copies) Sum(paths []string) (string, error) {
	if c.readOnly {
		return "", nil
	}
	hash := sha256.New()
	if err := pack(hash, paths); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Keep makes what the paths hold the copy of that name, if sum is their sum:
// what has changed meanwhile is not known to be good.
func (c Copies) Keep(ctx context.Context, name, sum string, paths []string) error {
	there, err := c.bucket.Attributes(ctx, key(name))
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
	return c.bucket.Write(ctx, key(name), data.Bytes(), &blob.WriteOptions{
		ContentType: "application/gzip", Metadata: map[string]string{sumKey: sum},
	})
}

// Restore writes the copy of that name into the folder dir, and returns where
// each of the paths is in it.
func (c Copies) Restore(ctx context.Context, name string, paths []string, dir string) ([]string, error) {
	data, err := c.bucket.Read(ctx, key(name))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, errors.New("there is no copy of a good configuration yet")
	}
	if err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err == nil {
		err = unpack(unzipped, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("unpacking %s of %s: %w", key(name), c.bucket, err)
	}
	return placesIn(dir, paths), nil
}

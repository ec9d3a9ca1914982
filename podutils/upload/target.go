// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// target is where objects go.
type target interface {
	NewWriter(ctx context.Context, key string, o *blob.WriteOptions) (io.WriteCloser, error)
	Close() error
}

// target opens what objects go to, once.
func (u *Uploader) target(ctx context.Context) (target, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.opened != nil {
		return u.opened, nil
	}
	// Clients keep the context that they are made with, and ours may end before them.
	to, err := u.open(context.WithoutCancel(ctx))
	if err == nil {
		u.opened = to
	}
	return to, err
}

func (u *Uploader) open(ctx context.Context) (target, error) {
	if u.options.DryRun {
		return dryRun{u.log}, nil
	}
	if dir := u.options.LocalOutputDir; dir != "" {
		return openFolder(dir)
	}
	bucket, err := layout.ParseBucket(u.options.Bucket)
	if err != nil {
		return nil, err
	}
	return blob.OpenWithCredentials(ctx, bucket.String(), blob.Credentials{
		GCSFile: u.options.GCSCredentialsFile,
		S3File:  u.options.S3CredentialsFile,
	})
}

// dryRun only says what it would store.
type dryRun struct{ log *slog.Logger }

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// NewWriter implements target.
func (d dryRun) NewWriter(_ context.Context, key string, _ *blob.WriteOptions) (io.WriteCloser, error) {
	d.log.Info("Would upload", "dest", key)
	return discard{io.Discard}, nil
}

// Close implements target.
func (dryRun) Close() error { return nil }

// folder stores objects as plain files, which no name can lead out of.
type folder struct{ root *os.Root }

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { // for whoever looks at the results
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &folder{root: root}, nil
}

// NewWriter implements target. What the file system cannot hold is left out:
// types, encodings and metadata.
func (f *folder) NewWriter(_ context.Context, key string, _ *blob.WriteOptions) (io.WriteCloser, error) {
	const flags = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	file, err := f.root.OpenFile(key, flags, 0o644)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := f.root.MkdirAll(path.Dir(key), 0o755); err != nil {
		return nil, err
	}
	return f.root.OpenFile(key, flags, 0o644)
}

// Close implements target.
func (f *folder) Close() error { return f.root.Close() }

// joinKey joins the parts of a key; empty ones vanish.
func joinKey(parts ...string) string { return path.Join(parts...) }

// SPDX-License-Identifier: Apache-2.0

// Package image pulls container images and unpacks each into a directory, to
// be the root of containers.
//
// Starts on: a container whose image is not known here. Changes: its own
// directory. Config: none. In Prow: nothing; the container runtime does this
// there.
package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/singleflight"
)

// Image is an unpacked image.
type Image struct {
	// Root is the directory with its files; not to be changed.
	Root string `json:"-"`
	// Digest names its content: "sha256:…".
	Digest string
	// Size is what the registry says its layers take up, in bytes.
	Size int64

	Entrypoint, Cmd, Env []string
	WorkingDir           string
	// User is "user", "user:group", either by name or number, or empty.
	User string
}

// ErrInvalidName says that something is no image's name.
var ErrInvalidName = errors.New("invalid image name")

// Store is a directory of unpacked images. Images that are no longer used stay
// until the directory is removed.
type Store struct {
	dir    string
	flight singleflight.Group
}

// NewStore returns the store in dir, which is made when needed.
func NewStore(dir string) *Store { return &Store{dir: dir} }

// Cached returns the image that ref named when it was last pulled; ok is false
// where it never was.
func (s *Store) Cached(ref string) (img *Image, ok bool) {
	digest, err := os.ReadFile(s.refPath(ref))
	if err != nil {
		return nil, false
	}
	img, err = s.load(string(digest))
	return img, err == nil
}

// Pull asks the registry for what ref names now, and fetches that unless it is
// here. Credentials are those of docker's configuration, after the given ones.
func (s *Store) Pull(ctx context.Context, ref string, creds Credentials) (*Image, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidName, err)
	}
	options := []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.NewMultiKeychain(creds, authn.DefaultKeychain)),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}),
	}
	from, err := remote.Image(parsed, options...)
	if err != nil {
		return nil, fmt.Errorf("pulling image %q: %w", ref, err)
	}
	digest, err := from.Digest()
	if err != nil {
		return nil, fmt.Errorf("pulling image %q: %w", ref, err)
	}
	img, err := s.load(digest.String())
	if errors.Is(err, fs.ErrNotExist) {
		_, err, _ = s.flight.Do(digest.String(), func() (any, error) { return nil, s.fetch(from, digest.String()) })
		if err == nil {
			img, err = s.load(digest.String())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("pulling image %q: %w", ref, err)
	}
	if err := s.remember(ref, digest.String()); err != nil {
		return nil, err
	}
	return img, nil
}

// Repository is ref without its tag or digest, with its registry.
func Repository(ref string) string {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return ref
	}
	return parsed.Context().Name()
}

// imagePath is the directory of the image with that digest.
func (s *Store) imagePath(digest string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(digest, ":", "-"))
}

// refPath is the file that holds the digest ref stands for.
func (s *Store) refPath(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return filepath.Join(s.dir, "names", hex.EncodeToString(sum[:]))
}

func (s *Store) load(digest string) (*Image, error) {
	dir := s.imagePath(digest)
	data, err := os.ReadFile(filepath.Join(dir, "image.json"))
	if err != nil {
		return nil, err
	}
	img := &Image{}
	if err := json.Unmarshal(data, img); err != nil {
		return nil, fmt.Errorf("reading what is known of image %s: %w", digest, err)
	}
	img.Root = filepath.Join(dir, "root")
	return img, nil
}

func (s *Store) remember(ref, digest string) error {
	path := s.refPath(ref)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = writeFile(path, []byte(digest))
	}
	if err != nil {
		return fmt.Errorf("keeping the digest of image %q: %w", ref, err)
	}
	return nil
}

// fetch unpacks from, and gives it its place when it is whole.
func (s *Store) fetch(from v1.Image, digest string) error {
	if _, err := s.load(digest); err == nil {
		return nil // by another call, meanwhile
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(s.dir, "unpacking-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	img, err := describe(from, digest)
	if err != nil {
		return err
	}
	layers, err := from.Layers()
	if err != nil {
		return err
	}
	root := filepath.Join(tmp, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	for _, layer := range layers {
		if err := unpackLayer(layer, root); err != nil {
			return err
		}
	}
	data, err := json.Marshal(img)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, "image.json"), data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.imagePath(digest))
}

// unpackLayer unpacks layer over what is in root, and checks its digest.
func unpackLayer(layer v1.Layer, root string) error {
	digest, err := layer.Digest()
	if err != nil {
		return err
	}
	tarball, err := layer.Uncompressed()
	if err != nil {
		return fmt.Errorf("layer %s: %w", digest, err)
	}
	defer tarball.Close()
	if err := Unpack(root, tarball); err != nil {
		return fmt.Errorf("layer %s: %w", digest, err)
	}
	return nil
}

// describe reads what a container needs to know of an image.
func describe(from v1.Image, digest string) (*Image, error) {
	manifest, err := from.Manifest()
	if err != nil {
		return nil, err
	}
	file, err := from.ConfigFile()
	if err != nil {
		return nil, err
	}
	img := &Image{
		Digest: digest, Entrypoint: file.Config.Entrypoint, Cmd: file.Config.Cmd, Env: file.Config.Env,
		WorkingDir: file.Config.WorkingDir, User: file.Config.User,
	}
	for _, layer := range manifest.Layers {
		img.Size += layer.Size
	}
	return img, nil
}

// writeFile replaces a file at once.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

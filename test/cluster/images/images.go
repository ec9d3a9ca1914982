// SPDX-License-Identifier: Apache-2.0

// Package images makes container images without a registry, a base image or
// Docker: each is one layer of files of this machine, in an archive that
// containerd imports. The same files give the same image, whose name says what
// is in it, so that nothing is imported twice.
//
// Started by test/cluster, for everything that runs on its node. Changes nothing
// but the store that it is given.
package images

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// Registry is that of every image. Knative looks up no digests there, and
	// nobody can pull from it.
	Registry = "dev.local"
	// nonroot is who the programs run as, as in distroless images.
	nonroot = 65532
	// authorities is where Go's programs and git look for certificate authorities.
	authorities = "/etc/ssl/certs/ca-certificates.crt"
)

// Image is what an image is made of.
type Image struct {
	Name       string
	Files      map[string]File // by absolute path in the image
	Entrypoint []string
	Env        []string // as NAME=value
}

// File is one file of an image: a copy of one of this machine, a link, or a text.
type File struct {
	From string // on this machine
	Link string // what a symbolic link points at
	Text string
}

// Program is an image with one static program of this machine, which it starts.
func Program(name, path string) Image {
	i := Base(name)
	inside := "/ko-app/" + name
	i.Files[inside] = File{From: path}
	i.Entrypoint = []string{inside}
	return i
}

// Base is an image with what any program expects: certificate authorities, a
// user, a folder for temporary files.
func Base(name string) Image {
	return Image{
		Name: name,
		Files: map[string]File{
			authorities:   {From: authorities},
			"/etc/passwd": {Text: fmt.Sprintf("root:x:0:0::/root:/sbin/nologin\nnonroot:x:%d:%d::/home/nonroot:/sbin/nologin\n", nonroot, nonroot)},
			"/etc/group":  {Text: fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", nonroot)},
		},
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=" + authorities, "HOME=/home/nonroot"},
	}
}

// Archive is an image that is ready to be imported.
type Archive struct {
	// Reference is the image's name, with a tag that follows from its content.
	Reference string

	image v1.Image
}

// Build reads the files.
func (i Image) Build() (Archive, error) {
	files, err := i.layer()
	if err != nil {
		return Archive{}, fmt.Errorf("the image %s: %w", i.Name, err)
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(files, types.DockerUncompressedLayer))
	if err != nil {
		return Archive{}, fmt.Errorf("the image %s: %w", i.Name, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return Archive{}, fmt.Errorf("the image %s: %w", i.Name, err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture()
	config.Config = v1.Config{Entrypoint: i.Entrypoint, Env: i.Env, User: fmt.Sprint(nonroot), WorkingDir: "/"}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return Archive{}, fmt.Errorf("the image %s: %w", i.Name, err)
	}
	id, err := image.ConfigName() // which covers the layer
	if err != nil {
		return Archive{}, fmt.Errorf("the image %s: %w", i.Name, err)
	}
	return Archive{Reference: fmt.Sprintf("%s/%s:%s", Registry, i.Name, id.Hex[:32]), image: image}, nil
}

// Write writes the archive, in the form of `docker save`.
func (a Archive) Write(w io.Writer) error {
	tag, err := name.NewTag(a.Reference)
	if err != nil {
		return err
	}
	return tarball.Write(tag, a.image, w)
}

// layer is the image's one layer, uncompressed: it travels within this machine.
func (i Image) layer() ([]byte, error) {
	var buffer bytes.Buffer
	l := newLayer(&buffer)
	for _, path := range slices.Sorted(maps.Keys(i.Files)) {
		if err := l.add(path, i.Files[path]); err != nil {
			return nil, err
		}
	}
	if err := l.folder("/home/nonroot", 0o700, nonroot); err != nil {
		return nil, err
	}
	if err := l.folder("/tmp", 0o1777, 0); err != nil {
		return nil, err
	}
	if err := l.tar.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

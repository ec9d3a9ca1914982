// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/cutwater-ci/cutwater/local/node/image"
)

// serve starts a registry that asks for the given password, if any; it counts
// how often layers are read.
func serve(t *testing.T, password string) (host string, blobs *atomic.Int32) {
	t.Helper()
	blobs = &atomic.Int32{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, got, _ := r.BasicAuth(); got != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			blobs.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), blobs
}

func push(t *testing.T, ref, password string, lines ...string) {
	t.Helper()
	data := layer(t, lines...).Bytes()
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(string(data))), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, l)
	if err == nil {
		img, err = mutate.Config(img, v1.Config{Entrypoint: []string{"/run"}, Env: []string{"A=1"}, WorkingDir: "/w", User: "1000"})
	}
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, img, remote.WithAuth(&authn.Basic{Username: "u", Password: password})); err != nil {
		t.Fatal(err)
	}
}

func TestPull(t *testing.T) {
	host, blobs := serve(t, "")
	ref := host + "/team/tool:v1"
	push(t, ref, "", "file run 1")
	store := image.NewStore(filepath.Join(t.TempDir(), "images"))
	if _, ok := store.Cached(ref); ok {
		t.Fatal("cached before any pull")
	}
	blobs.Store(0)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := store.Pull(t.Context(), ref, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, ok := store.Cached(ref)
	if !ok {
		t.Fatal("not cached after the pull")
	}
	want := &image.Image{
		Root: got.Root, Digest: got.Digest, Size: got.Size,
		Entrypoint: []string{"/run"}, Env: []string{"A=1"}, WorkingDir: "/w", User: "1000",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"run=1"}, listing(t, got.Root)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	first := blobs.Load()
	push(t, ref, "", "file run 2")
	newer, err := store.Pull(t.Context(), ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(newer.Root, "run")); err != nil || string(data) != "2" {
		t.Errorf("after the tag moved: got %q, %v; want 2", data, err)
	}
	second := blobs.Load()
	if _, err := store.Pull(t.Context(), host+"/team/tool@"+newer.Digest, nil); err != nil {
		t.Error(err)
	}
	if first == 0 || second == first || blobs.Load() != second {
		t.Errorf("blobs read: %d, %d, %d; want some, more, and no more for a known digest", first, second, blobs.Load())
	}
	if _, err := store.Pull(t.Context(), host+"/team/tool:none", nil); err == nil {
		t.Error("no error for a tag that is not there")
	}
	if _, err := store.Pull(t.Context(), "Not A Name", nil); !errors.Is(err, image.ErrInvalidName) {
		t.Errorf("got %v, want ErrInvalidName", err)
	}
}

func TestCredentials(t *testing.T) {
	host, _ := serve(t, "s3cret")
	ref := host + "/team/tool"
	push(t, ref, "s3cret", "file run 1")
	for _, test := range []struct {
		config string
		ok     bool
	}{
		{`{"auths":{"http://HOST/v1/":{"username":"u","password":"s3cret"}}}`, true},
		{`{"auths":{"HOST":{"auth":"dTpzM2NyZXQ="}}}`, true},
		{`{"auths":{"HOST/team":{"auth":"dTpzM2NyZXQ="},"HOST":{"auth":"dTp4"}}}`, true},
		{`{"auths":{"HOST/tea":{"auth":"dTpzM2NyZXQ="}}}`, false},
		{`{}`, false},
	} {
		creds, err := image.ParseCredentials([]byte(strings.ReplaceAll(test.config, "HOST", host)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = image.NewStore(t.TempDir()).Pull(t.Context(), ref, creds)
		if (err == nil) != test.ok {
			t.Errorf("%s: got error %v, want success %t", test.config, err, test.ok)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("password in error: %v", err)
		}
	}
	if _, err := image.ParseCredentials([]byte(`s3cret`)); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v, want an error without the content", err)
	}
}

// What docker login has left counts where a pod brings nothing of its own.
func TestDockerConfiguration(t *testing.T) {
	host, _ := serve(t, "s3cret")
	ref := host + "/team/tool"
	push(t, ref, "s3cret", "file run 1")
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	for _, test := range []struct {
		config string
		ok     bool
	}{
		{`{}`, false},
		{`{"auths":{"HOST":{"auth":"dTpzM2NyZXQ="}}}`, true},
		{`{"auths":{"HOST":{"auth":"dTp4"}}}`, false},
	} {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(strings.ReplaceAll(test.config, "HOST", host)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := image.NewStore(t.TempDir()).Pull(t.Context(), ref, nil); (err == nil) != test.ok {
			t.Errorf("%s: got error %v, want success %t", test.config, err, test.ok)
		}
	}
}

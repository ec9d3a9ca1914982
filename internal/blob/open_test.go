// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken := file("broken.json", `{"secret_key": "SECRET", "private_key": "SECRET"`)
	for _, tc := range []struct {
		url  string
		c    blob.Credentials
		want string
	}{
		{"bucket", blob.Credentials{}, "unknown kind"},
		{"ftp://bucket", blob.Credentials{}, "unknown kind"},
		{"file://folder/x", blob.Credentials{}, "three slashes"},
		{"file://" + broken, blob.Credentials{}, "broken.json"},
		{"s3://user:SECRET@bucket", blob.Credentials{}, "password"},
		{"s3://bucket?colour=red", blob.Credentials{}, "colour"},
		{"gs://bucket?colour=red", blob.Credentials{}, "colour"},
		{"s3://bucket", blob.Credentials{S3File: dir + "/missing"}, "missing"},
		{"gs://bucket", blob.Credentials{GCSFile: dir + "/missing"}, "missing"},
		{"s3://bucket", blob.Credentials{S3File: broken}, "not valid JSON"},
		{"gs://bucket", blob.Credentials{GCSFile: broken}, "not JSON"},
		{"gs://bucket", blob.Credentials{GCSFile: file("untyped.json", "{}")}, "type"},
		{"s3://buck\x00et/SECRET", blob.Credentials{}, "not a URL"},
	} {
		b, err := blob.OpenWithCredentials(t.Context(), tc.url, tc.c)
		if err == nil {
			t.Errorf("%s: got %v, want an error", tc.url, b)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got error %q, want one with %q and without secrets", tc.url, err, tc.want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"google.golang.org/api/option"
)

// openGCS opens a gs:// bucket. "?endpoint=http://127.0.0.1:4443" reaches a fake
// server, without credentials.
func openGCS(ctx context.Context, u *url.URL, credentialsFile string) (*blob.Bucket, error) {
	opts := []option.ClientOption{option.WithUserAgent("cutwater")}
	for param, values := range u.Query() {
		if param != "endpoint" {
			return nil, fmt.Errorf("unknown parameter %q", param)
		}
		opts = append(opts,
			option.WithEndpoint(values[0]+"/storage/v1/"),
			option.WithHTTPClient(&http.Client{Transport: http.DefaultTransport}))
	}
	if credentialsFile != "" {
		kind, err := credentialsKind(credentialsFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, option.WithAuthCredentialsFile(kind, credentialsFile))
	}
	client, err := storage.NewClient(ctx, opts...)
	if err != nil {
		return nil, err
	}
	return gcsblob.OpenBucket(ctx, nil, u.Host, &gcsblob.Options{Client: client})
}

// credentialsKind returns which kind of account the credentials file is of: a
// service account, workload identity federation, or a user.
func credentialsKind(path string) (option.CredentialsType, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading GCS credentials: %w", err)
	}
	var file struct {
		Type option.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(data, &file); err != nil || file.Type == "" {
		// The decoder's words may quote a secret.
		return "", fmt.Errorf("GCS credentials file %s is not JSON with a type", path)
	}
	return file.Type, nil
}

// readCompressed asks Google for the bytes as they were written. By default it
// decompresses objects whose content encoding is gzip.
func readCompressed(asFunc func(any) bool) error {
	var handle **storage.ObjectHandle
	if asFunc(&handle) {
		*handle = (*handle).ReadCompressed(true)
	}
	return nil
}

// chunkSize is how much of an object of about that size one request sends. Google
// wants multiples of 256 KiB, and each is held in memory; smaller objects than that
// take one request.
func chunkSize(size int64) int64 {
	const step, most = 256 << 10, 8 << 20
	if size <= 0 || size >= most {
		return most
	}
	return (size/step + 1) * step // more than size, or the end would take another request
}

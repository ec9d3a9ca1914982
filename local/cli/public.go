// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"time"
)

// publicGCS is where Google serves what anybody may read.
const publicGCS = "https://storage.googleapis.com"

// publicTime is how long an answer may take, until credentials are tried.
const publicTime = 10 * time.Second

// maxPublic bounds what is read, in bytes.
const maxPublic = 16 << 20

// errNotPublic says that nobody may read it without credentials.
var errNotPublic = errors.New("it is not public")

// readPublic reads an object of a gs:// bucket that anybody may read, below the
// root of Google's storage. Where there is none the error is fs.ErrNotExist.
func readPublic(ctx context.Context, root, bucket, object string) ([]byte, error) {
	address, err := url.JoinPath(root, bucket, object)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: publicTime}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w: gs://%s/%s", fs.ErrNotExist, bucket, object)
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, errNotPublic
	default:
		return nil, fmt.Errorf("reading gs://%s/%s: %s", bucket, object, response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxPublic+1))
	if len(data) > maxPublic {
		return nil, fmt.Errorf("gs://%s/%s is larger than %d bytes", bucket, object, maxPublic)
	}
	return data, err
}

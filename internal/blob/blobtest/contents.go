// SPDX-License-Identifier: Apache-2.0

package blobtest

import (
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Contents are the objects whose keys begin with prefix, by the rest of the key.
func Contents(tb testing.TB, bucket *blob.Bucket, prefix string) map[string]string {
	tb.Helper()
	found := map[string]string{}
	for o, err := range bucket.List(tb.Context(), prefix, "") {
		if err != nil {
			tb.Fatal(err)
		}
		data, err := bucket.Read(tb.Context(), o.Key)
		if err != nil {
			tb.Fatal(err)
		}
		found[strings.TrimPrefix(o.Key, prefix)] = string(data)
	}
	return found
}

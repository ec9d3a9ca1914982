// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"testing"

	"github.com/cutwater-ci/cutwater/config"
)

// TestLocate wants a bucket's name in a URL to be no more than a name, and the
// inbox to stay closed however its bucket is spelled.
func TestLocate(t *testing.T) {
	settings := &config.Config{}
	settings.Deck.Spyglass.BucketAliases = map[string]string{"old": "results"}
	for _, tc := range []struct {
		path, inbox string
		want        string // the bucket, or "" where nothing is shown
	}{
		{path: "gs/results/logs/unit/1", want: "gs://results"},
		{path: "gcs/results/logs/unit/1", want: "gs://results"},
		{path: "gs/old/logs/unit/1", want: "gs://results"},
		{path: "s3/results.of_us-1/logs/unit/1", want: "s3://results.of_us-1"},
		{path: "s3/results?endpoint=169.254.169.254/latest"},
		{path: "s3/results?region=x/logs/unit/1"},
		{path: "gs/results?endpoint=http:/logs/unit/1"},
		{path: "gs/me@results/logs/unit/1"},
		{path: "gs/results:80/logs/unit/1"},
		{path: "gs/results%2Finbox/x"},
		{path: "gs/results/logs/unit/1", inbox: "gs://results", want: "gs://results"},
		{path: "gs/results/inbox/deliveries/1/request", inbox: "gs://results"},
		{path: "gs/RESULTS/inbox/deliveries/1/request", inbox: "gs://results"},
		{path: "gs/results#/inbox/deliveries/1/request", inbox: "gs://results"},
		{path: "gs/results?/inbox/deliveries/1/request", inbox: "gs://results"},
		{path: "gs/results/ours/inbox/deliveries/1/request", inbox: "gs://results/ours"},
		{path: "gs/results/ours", inbox: "gs://results/ours"},
		{path: "gs/other/inbox/deliveries/1/request", inbox: "gs://results", want: "gs://other"},
		{path: "gs/result/inbox/deliveries/1/request", inbox: "gs://results", want: "gs://result"},
	} {
		p, err := (&storage{inbox: tc.inbox}).locate(tc.path, settings)
		if (err == nil) != (tc.want != "") || p.bucket != tc.want {
			t.Errorf("%s, the inbox in %q: got bucket %q (%v), want %q", tc.path, tc.inbox, p.bucket, err, tc.want)
		}
	}
}

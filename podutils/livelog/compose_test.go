// SPDX-License-Identifier: Apache-2.0

package livelog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

// stored is an object that is there already.
type stored struct {
	text     string
	encoding string
	partial  bool
}

func TestCompose(t *testing.T) {
	live := lines(300 << 10)
	for kind, bucket := range kinds(t) {
		for name, test := range map[string]struct {
			there map[string]stored
			logs  []string
			want  map[string]string
		}{
			"nothing":                   {want: map[string]string{}},
			"a lost run":                {logs: []string{"build-log.txt"}, want: map[string]string{"build-log.txt": live}},
			"several containers":        {logs: []string{"a-build-log.txt", "b-build-log.txt"}, want: map[string]string{"a-build-log.txt": live, "b-build-log.txt": live}},
			"the log was stored":        {there: map[string]stored{"build-log.txt": {text: "whole"}}, logs: []string{"build-log.txt"}, want: map[string]string{"build-log.txt": "whole"}},
			"its start was stored":      {there: map[string]stored{"build-log.txt": {text: live[:100], partial: true}}, logs: []string{"build-log.txt"}, want: map[string]string{"build-log.txt": live}},
			"more than live was stored": {there: map[string]stored{"build-log.txt": {text: live + "x", partial: true}}, logs: []string{"build-log.txt"}, want: map[string]string{"build-log.txt": live + "x"}},
			"its start was compressed":  {there: map[string]stored{"build-log.txt": {text: "x", encoding: "gzip", partial: true}}, logs: []string{"build-log.txt"}, want: map[string]string{"build-log.txt": live}},
			"another file":              {there: map[string]stored{"artifacts/a.live/b": {text: "b"}, "started.json": {text: "{}"}}, want: map[string]string{"artifacts/a.live/b": "b", "started.json": "{}"}},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				for key, object := range test.there {
					options := &blob.WriteOptions{ContentEncoding: object.encoding}
					if object.partial {
						options.Metadata = map[string]string{livelog.Partial: "true"}
					}
					if err := bucket.Write(t.Context(), dir+"/"+key, []byte(object.text), options); err != nil {
						t.Fatal(err)
					}
				}
				for _, log := range test.logs {
					j := newJob(t, bucket)
					j.Writer = livelog.NewWriter(bucket, dir, log, j.source())
					j.write(t, live)
					j.update(t)
				}
				for range 2 { // the second has nothing to do
					if err := livelog.Compose(t.Context(), bucket, dir); err != nil {
						t.Fatal(err)
					}
					got := map[string]string{}
					for name := range objects(t, bucket) {
						data, err := bucket.Read(t.Context(), dir+"/"+name)
						if err != nil {
							t.Fatal(err)
						}
						got[name] = string(data)
					}
					if diff := cmp.Diff(shorten(test.want), shorten(got)); diff != "" {
						t.Errorf("objects (-want +got):\n%s", diff)
					}
				}
				for name := range objects(t, bucket) {
					if err := bucket.Delete(t.Context(), dir+"/"+name); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func shorten(objects map[string]string) map[string]string {
	short := map[string]string{}
	for name, text := range objects {
		short[name] = shown(text)
	}
	return short
}

// SPDX-License-Identifier: Apache-2.0

package decorate_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
)

// goldenLine is a line of golden.jsonl.gz, as far as pods go.
type goldenLine struct {
	Job     string
	Type    string
	ProwJob prowv1.ProwJob
	Pod     json.RawMessage
}

// buildID is what the goldens' pods were made with.
const buildID = "1700000000000000000"

func TestGoldenPods(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "golden.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	inRepo, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "*", "golden.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, inRepo...) {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			pods, differ := 0, 0
			goldens.Lines(t, file, func(line goldenLine) {
				if line.Pod == nil {
					return
				}
				pods++
				if diff := podDiff(t, line); diff != "" {
					if differ++; differ <= 3 {
						t.Errorf("%s %s: pod differs from Prow's (-want +got):\n%s", line.Type, line.Job, diff)
					}
				}
			})
			t.Logf("%d pods, %d differ", pods, differ)
		})
	}
}

func podDiff(t *testing.T, line goldenLine) string {
	t.Helper()
	line.ProwJob.Status.BuildID = buildID
	pod, err := decorate.Pod(&line.ProwJob, decorate.Options{Namespace: "test-pods"})
	if err != nil {
		t.Fatalf("%s: %v", line.Job, err)
	}
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line.Pod, &want); err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(want, got) { // much faster than cmp
		return ""
	}
	return cmp.Diff(want, got)
}

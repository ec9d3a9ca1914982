// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/local/makejob"
)

// goldenLine is a line of golden.jsonl.gz.
type goldenLine struct {
	Type, Repo, Job string
	BaseRef         string          `json:"base_ref"`
	ProwJob         json.RawMessage `json:"prowjob"`
	Pod             json.RawMessage `json:"pod"`
}

// args are the command line that asks for the golden.
func (l goldenLine) args(dir string) []string {
	args := []string{
		l.Job, "--type", l.Type, "--config", filepath.Join(dir, "config.yaml"), "--jobs", filepath.Join(dir, "jobs"),
		"--name", "11111111-2222-4333-8444-555555555555", "--event-guid", "2f6cb1a0-5f5c-11ee-8c99-0242ac120002",
	}
	if l.Type == "periodic" {
		return args
	}
	args = append(args, "--repo", l.Repo, "--base-ref", l.BaseRef, "--base-sha", "0123456789abcdef0123456789abcdef01234567")
	if l.Type == "postsubmit" {
		link := l.Repo
		if !strings.Contains(link, "://") {
			link = "https://github.com/" + link
		}
		return append(args, "--base-link", link+"/compare/aaaaaaaaaaaa...0123456789ab")
	}
	args = append(args, "--pull-number", "123", "--pull-sha", "89abcdef0123456789abcdef0123456789abcdef",
		"--pull-author", "octocat", "--pull-title", "Add a feature", "--pull-head-ref", "feature")
	if l.Type == "batch" {
		args = append(args, "--pull-number", "124", "--pull-sha", strings.Repeat("b", 40),
			"--pull-author", "octocat", "--pull-title", "Add a feature too", "--pull-head-ref", "feature-2")
	}
	return args
}

// hasSecrets reports whether the job has secrets, which the sidecar gets, too, to
// censor them. Prow's does only when the job asks for it; local/makejob compares
// those pods without.
func (l goldenLine) hasSecrets(t *testing.T) bool {
	t.Helper()
	var pj prowv1.ProwJob
	if err := json.Unmarshal(l.ProwJob, &pj); err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(makejob.Needs(pj.Spec.PodSpec), func(n makejob.Need) bool { return n.Kind == makejob.Secret })
}

// TestCommandsGolden asks the command line for the ProwJob and the pod of every
// job of two configurations; local/makejob has all configurations.
func TestCommandsGolden(t *testing.T) {
	still := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	for _, name := range []string{"prow-integration", "jetstack-2021"} {
		dir := filepath.Join(goldens.Dir(t), name)
		lines := 0
		goldens.Lines(t, filepath.Join(dir, "golden.jsonl.gz"), func(line goldenLine) {
			lines++
			compareGolden(t, line, newJob(still), line.args(dir), line.ProwJob)
			if line.Pod != nil && !line.hasSecrets(t) {
				compareGolden(t, line, newPod(still), append(line.args(dir), "--build-id", "1700000000000000000"), line.Pod)
			}
		})
		t.Logf("%s: %d lines compared", name, lines)
	}
}

func compareGolden(t *testing.T, line goldenLine, cmd *cobra.Command, args []string, golden json.RawMessage) {
	t.Helper()
	var out, notes bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&notes)
	cmd.SetArgs(args)
	cmd.SilenceUsage = true
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Errorf("%s %s %s: %v", cmd.Name(), line.Type, line.Job, err)
		return
	}
	var got, want map[string]any
	if err := yaml.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	if metadata := want["metadata"].(map[string]any); metadata["creationTimestamp"] == nil {
		delete(metadata, "creationTimestamp")
	}
	if cmd.Name() == "pod" { // kubectl needs the one, and nobody the other
		want["kind"], want["apiVersion"] = "Pod", "v1"
		delete(want, "status")
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s %s %s (-want +got):\n%s", cmd.Name(), line.Type, line.Job, cmp.Diff(want, got))
	}
}

// SPDX-License-Identifier: Apache-2.0

package configdiff

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// reportKeys are keys of one kind of job that do not say when it runs.
func reportKeys() []string { return []string{"context", "skip_report", "jenkins_spec", "tags"} }

// podKeys are keys of all kinds of jobs whose effect the pod shows.
func podKeys() []string {
	return []string{
		"spec", "decorate", "decoration_config", "labels", "annotations", "namespace",
		"extra_refs", "path_alias", "clone_uri", "skip_submodules", "clone_depth", "skip_fetch_head",
	}
}

// compareJobs compares two states of a job, every key of them.
func compareJobs(before, after entry) Change {
	var change Change
	oldKeys, newKeys := before.keys(), after.keys()
	for _, key := range either(oldKeys.own, newKeys.own) {
		list := &change.When
		if slices.Contains(reportKeys(), key) {
			list = &change.Rest
		}
		compare(key, oldKeys.own[key], newKeys.own[key], list)
	}
	compare("", before.pod(), after.pod(), &change.Pod)
	var inPod []Field
	for _, key := range either(oldKeys.base, newKeys.base) {
		list := &change.Rest
		if slices.Contains(podKeys(), key) {
			list = &inPod
		}
		compare(key, tree(oldKeys.base[key], key), tree(newKeys.base[key], key), list)
	}
	if len(change.Pod) == 0 { // What no pod shows must not go unsaid.
		change.Rest = append(change.Rest, inPod...)
	}
	return change
}

// keys are a job as JSON: what all kinds of jobs have, and what is its kind's own.
type keys struct{ base, own map[string]any }

func (e entry) keys() keys {
	k := keys{base: fields(e.Base())}
	switch {
	case e.Presubmit != nil:
		own := *e.Presubmit
		own.JobBase = jobs.JobBase{}
		k.own = fields(own)
	case e.Postsubmit != nil:
		own := *e.Postsubmit
		own.JobBase = jobs.JobBase{}
		k.own = fields(own)
	default:
		own := *e.Periodic
		own.JobBase = jobs.JobBase{}
		k.own = fields(own)
	}
	delete(k.own, "name")
	return k
}

// fields is a value as JSON has it. All that it is called with can be written.
func fields(v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	m, _ := parse(string(text)).(map[string]any)
	return m
}

// parse reads JSON, with numbers as they are written.
func parse(text string) any {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return text
	}
	return v
}

// A sample of what jobs run on, the same on both sides.
const (
	sampleName  = "sample"
	sampleSHA   = "0000000000000000000000000000000000000000"
	sampleBuild = "1"
)

// prowJob is a sample run of the job.
func (e entry) prowJob() *prowv1.ProwJob {
	i := strings.LastIndex(e.Repo, "/")
	repo := github.Repo{Org: e.Repo[:max(i, 0)], Name: e.Repo[i+1:]}
	link := "https://github.com/" + e.Repo
	opt := triggers.Options{Name: sampleName}
	switch {
	case e.Presubmit != nil:
		pull := github.Pull{
			Number: 1, Author: github.User{Login: sampleName},
			Base: github.Branch{Ref: sampleName, Repo: repo, RepoHTMLURL: link},
			Head: github.Branch{Ref: sampleName, SHA: sampleSHA},
		}
		return triggers.FromPresubmit(*e.Presubmit, triggers.PullRefs(pull, sampleSHA), opt)
	case e.Postsubmit != nil:
		push := triggers.Push{Repo: repo, RepoHTMLURL: link, Branch: sampleName, After: sampleSHA}
		return triggers.FromPostsubmit(*e.Postsubmit, triggers.PushRefs(push), opt)
	}
	return triggers.FromPeriodic(*e.Periodic, opt)
}

// pod is the pod of a sample run as a tree, nil where the job has none.
func (e entry) pod() any {
	if e.Base().Spec == nil {
		return nil
	}
	pj := e.prowJob()
	pj.Status.BuildID = sampleBuild
	pod, err := decorate.Pod(pj, decorate.Options{Namespace: pj.Spec.Namespace, CensorAll: true})
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	made, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return podTree(made)
}

// SPDX-License-Identifier: Apache-2.0

package up

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// jobsWithin is how long a comment may take to start jobs before we conclude
// that the repository has none.
const jobsWithin = 15 * time.Second

// Demonstrate has a stranger open a pull request and a member comment
// "/test all", tells each step as it happens, and returns when every run has
// ended and been reported: nil if the status is green.
func (m *Machine) Demonstrate(ctx context.Context) error {
	pull, err := m.Forge.Open(ctx, Stranger, m.Repository(), "a-change", m.change())
	if err != nil {
		return fmt.Errorf("opening a pull request: %w", err)
	}
	m.steps.print("%s opened %s", Stranger, pull.HTMLURL)
	if err := m.Forge.Say(ctx, Member, pull.Issue(), "/test all"); err != nil {
		return fmt.Errorf("commenting: %w", err)
	}
	m.steps.print("%s commented: /test all", Member)

	told := map[string]bool{}
	begun := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := m.see(ctx, pull)
		if err != nil {
			return err
		}
		for _, fact := range s.facts() {
			if !told[fact] {
				told[fact] = true
				m.steps.print("%s", fact)
			}
		}
		switch {
		case len(s.jobs) > 0 && s.done():
			return m.conclude(s)
		case len(s.jobs) == 0 && time.Since(begun) > jobsWithin:
			return fmt.Errorf("no job was started: is there a presubmit in %s that a comment /test all starts?", m.Repository())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// change is what the demonstration's pull request changes.
func (m *Machine) change() map[string]string {
	if m.opts.Repo == "" {
		return map[string]string{"greet.sh": "#!/bin/sh\n# Prints a greeting.\necho \"ahoy, ${1:-world}\"\n"}
	}
	return map[string]string{"cutwater-demonstration.md": "A change to show the loop.\n"}
}

func (m *Machine) conclude(s sight) error {
	green, what := true, "the status of the pull request is green"
	for _, job := range s.jobs {
		if job.Status.State != prowv1.SuccessState {
			m.steps.print("%s ended in state %s (%s); its log is at %s", job.Spec.Job, job.Status.State, job.Status.Description, job.Status.URL)
			green, what = green && !s.required(job), "all that is required of the pull request is green"
		}
	}
	if !green {
		return errNotGreen
	}
	m.steps.print("%s", what)
	return nil
}

// sight is what can be seen of a pull request at one moment.
type sight struct {
	pull      github.Pull
	delivered []string // the webhooks that were taken, as "event action"
	jobs      []prowv1.ProwJob
	pods      map[string]corev1.Pod // by ProwJob
	statuses  map[string]github.Status
}

func (m *Machine) see(ctx context.Context, pull github.Pull) (sight, error) {
	s := sight{pull: pull, pods: map[string]corev1.Pod{}, statuses: map[string]github.Status{}}
	for _, d := range m.Forge.Deliveries() {
		if d.OK() && (d.Event == "pull_request" || d.Event == "issue_comment") { // of the others there are many
			s.delivered = append(s.delivered, d.Event+" "+d.Action)
		}
	}
	jobs, err := m.ProwJobs.ProwV1().ProwJobs(jobNamespace).List(ctx, metav1.ListOptions{
		LabelSelector: fmt.Sprintf("%s=%d", prowv1.PullLabel, pull.Number),
	})
	if err != nil {
		return s, fmt.Errorf("listing ProwJobs: %w", err)
	}
	s.jobs = jobs.Items
	pods, err := m.Kube.CoreV1().Pods(podNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return s, fmt.Errorf("listing pods: %w", err)
	}
	for _, pod := range pods.Items {
		s.pods[pod.Labels[prowv1.IDLabel]] = pod
	}
	statuses, err := m.Forge.reader.CombinedStatus(ctx, m.Repository(), pull.Head.SHA)
	if err != nil {
		return s, err
	}
	for _, status := range statuses.Statuses {
		s.statuses[status.Context] = status
	}
	return s, nil
}

// facts are what there is to tell, in the order in which it happens.
func (s sight) facts() []string {
	var facts []string
	for _, d := range s.delivered {
		facts = append(facts, "hook took the webhook "+d)
	}
	for _, job := range s.jobs {
		name := job.Spec.Job
		facts = append(facts, "plugins created a ProwJob for "+name)
		if pod, ok := s.pods[job.Name]; ok {
			facts = append(facts, name+": plank created its pod")
			facts = append(facts, containerFacts(name, pod)...)
		}
		if job.Complete() {
			facts = append(facts, fmt.Sprintf("%s: %s %s", name, job.Status.State, job.Status.URL))
		}
		if status, ok := s.statuses[job.Spec.Context]; ok {
			facts = append(facts, fmt.Sprintf("%s: crier set the status to %s", name, status.State))
		}
	}
	return facts
}

// containerFacts tell how far a pod is.
func containerFacts(job string, pod corev1.Pod) []string {
	var facts []string
	for _, c := range pod.Status.InitContainerStatuses {
		if c.State.Terminated != nil && c.Name != "place-entrypoint" {
			facts = append(facts, fmt.Sprintf("%s: %s ended with exit code %d", job, c.Name, c.State.Terminated.ExitCode))
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if c.Name == "sidecar" {
			continue
		}
		if c.State.Running != nil || c.State.Terminated != nil {
			facts = append(facts, job+": the test began")
		}
	}
	return facts
}

// done reports whether every run has ended and its status says so.
func (s sight) done() bool {
	for _, job := range s.jobs {
		if !job.Complete() {
			return false
		}
		if status, ok := s.statuses[job.Spec.Context]; job.Spec.Report && (!ok || status.State == github.StatusPending) {
			return false
		}
	}
	return true
}

// required reports whether the run must pass to merge.
func (s sight) required(job prowv1.ProwJob) bool { return job.Labels[prowv1.IsOptionalLabel] != "true" }

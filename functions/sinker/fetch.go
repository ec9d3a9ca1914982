// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

const (
	// page is how many objects are in memory whole at a time; a ProwJob may have
	// many KiB, of which a few hundred bytes are kept.
	page = 250
	// workers is how many requests of a kind are under way at a time.
	workers = 8
)

// listRuns returns all ProwJobs, by name, each with what decisions need alone.
func (s *sinker) listRuns(ctx context.Context, namespace string) (map[string]*prowv1.ProwJob, error) {
	runs := map[string]*prowv1.ProwJob{}
	options := metav1.ListOptions{Limit: page}
	for {
		list, err := s.prow.ProwV1().ProwJobs(namespace).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("listing ProwJobs: %w", err)
		}
		for i := range list.Items {
			run := slim(&list.Items[i])
			runs[run.Name] = run
		}
		if options.Continue = list.Continue; options.Continue == "" {
			return runs, nil
		}
	}
}

// slim is a copy of a ProwJob with what decisions need alone.
func slim(pj *prowv1.ProwJob) *prowv1.ProwJob {
	return &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{
			Name: pj.Name, UID: pj.UID, ResourceVersion: pj.ResourceVersion, CreationTimestamp: pj.CreationTimestamp,
		},
		Spec: prowv1.ProwJobSpec{Type: pj.Spec.Type, Job: pj.Spec.Job, Report: pj.Spec.Report},
		Status: prowv1.ProwJobStatus{
			State: pj.Status.State, StartTime: pj.Status.StartTime, CompletionTime: pj.Status.CompletionTime,
			BuildID: pj.Status.BuildID, PrevReportStates: pj.Status.PrevReportStates,
		},
	}
}

// listPods returns a build cluster's pods, with the runs that they were made for.
func listPods(ctx context.Context, c cluster, namespace string, runs map[string]*prowv1.ProwJob) ([]pod, error) {
	var pods []pod
	options := metav1.ListOptions{Limit: page, LabelSelector: prowv1.CreatedByProwLabel + "=true"}
	for {
		list, err := c.kube.CoreV1().Pods(namespace).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("listing pods: %w", err)
		}
		for i := range list.Items {
			p := podFrom(&list.Items[i])
			p.run = runs[p.runName]
			pods = append(pods, p)
		}
		if options.Continue = list.Continue; options.Continue == "" {
			return pods, nil
		}
	}
}

// findOwners asks the API server for the runs of pods that seem to have none:
// runs are listed before pods, and may be newer than that.
func (s *sinker) findOwners(ctx context.Context, namespace string, pods []pod, now time.Time, t *tally) {
	var doubtful []*pod
	for i := range pods {
		if pods[i].run == nil && now.Sub(pods[i].created) > orphanAge {
			doubtful = append(doubtful, &pods[i])
		}
	}
	each(ctx, doubtful, t, func(p *pod) {
		pj, err := s.prow.ProwV1().ProwJobs(namespace).Get(ctx, p.runName, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			p.orphan = true
		case err != nil:
			t.fail(err, "looking for the ProwJob of pod "+p.name)
		default:
			p.run = slim(pj)
		}
	})
}

func podFrom(p *corev1.Pod) pod {
	made := pod{
		name: p.Name, uid: p.UID, resourceVersion: p.ResourceVersion, runName: p.Name, created: p.CreationTimestamp.Time,
		deleting: p.DeletionTimestamp != nil, finalizers: slices.Clone(p.Finalizers),
	}
	if id := p.Labels[prowv1.IDLabel]; id != "" {
		made.runName = id
	}
	if p.Status.StartTime != nil {
		made.started = p.Status.StartTime.Time
	}
	return made
}

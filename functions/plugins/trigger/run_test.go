// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	prowfake "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/fake"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

func prowJob(name string) *prowv1.ProwJob {
	return &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       prowv1.ProwJobSpec{Job: name, Type: prowv1.PresubmitJob},
	}
}

// ProwJobs that the API server does not take at once, never takes, or has already.
func TestCreate(t *testing.T) {
	resource := schema.GroupResource{Group: "prow.k8s.io", Resource: "prowjobs"}
	away := apierrors.NewServiceUnavailable("away")
	for _, tc := range []struct {
		name      string
		refusals  map[string]func(try int) error // by ProwJob
		took      time.Duration
		made      []string
		failed    bool
		permanent bool
	}{
		{"all at once", nil, 0, []string{"a", "b"}, false, false},
		{"away for a while", map[string]func(int) error{"a": func(try int) error {
			if try <= 3 {
				return away
			}
			return nil
		}}, 2 * time.Second, []string{"a", "b"}, false, false},
		{"away for long", map[string]func(int) error{"a": func(int) error { return away }}, 35 * time.Second, []string{"b"}, true, false},
		{"invalid", map[string]func(int) error{"a": func(int) error {
			return apierrors.NewInvalid(schema.GroupKind{Kind: "ProwJob"}, "a", nil)
		}}, 0, []string{"b"}, true, true},
		{"already there", map[string]func(int) error{"a": func(int) error {
			return apierrors.NewAlreadyExists(resource, "a")
		}}, 0, []string{"b"}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := prowfake.NewSimpleClientset()
				tries := 0
				client.PrependReactor("create", "prowjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
					pj := action.(clienttesting.CreateAction).GetObject().(*prowv1.ProwJob)
					refuse := tc.refusals[pj.Name]
					if refuse == nil {
						return false, nil, nil
					}
					tries++
					err := refuse(tries)
					return err != nil, nil, err
				})
				began := time.Now()
				err := trigger{prowJobs: client.ProwV1()}.create(t.Context(), []*prowv1.ProwJob{prowJob("a"), prowJob("b")})
				if (err != nil) != tc.failed || event.IsPermanent(err) != tc.permanent {
					t.Errorf("error %v, want one: %v, permanent: %v", err, tc.failed, tc.permanent)
				}
				if took := time.Since(began); took > tc.took {
					t.Errorf("it took %v, want at most %v", took, tc.took)
				}
				list, err := client.ProwV1().ProwJobs("default").List(t.Context(), metav1.ListOptions{})
				if err != nil {
					t.Fatal(err)
				}
				var made []string
				for _, pj := range list.Items {
					made = append(made, pj.Name)
				}
				if diff := cmp.Diff(tc.made, made); diff != "" {
					t.Errorf("ProwJobs (-want, +got):\n%s", diff)
				}
			})
		})
	}
}

// Of all runs, those are aborted that are unfinished and of this pull, not of
// this delivery. A result that comes at the same moment is not overwritten.
func TestAbort(t *testing.T) {
	run := func(name string, number int, change func(*prowv1.ProwJob)) *prowv1.ProwJob {
		pj := prowJob(name)
		pj.Labels = map[string]string{
			prowv1.OrgLabel: "org", prowv1.RepoLabel: "repo", prowv1.PullLabel: fmt.Sprint(number),
			prowv1.TypeLabel: "presubmit", prowv1.EventGUIDLabel: "before",
		}
		pj.Status.State = prowv1.PendingState
		change(pj)
		return pj
	}
	now := metav1.Now()
	client := prowfake.NewSimpleClientset(
		run("pending", 1, func(*prowv1.ProwJob) {}),
		run("triggered", 1, func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.TriggeredState }),
		run("conflict", 1, func(*prowv1.ProwJob) {}),
		run("done", 1, func(pj *prowv1.ProwJob) { pj.Status.State, pj.Status.CompletionTime = prowv1.SuccessState, &now }),
		run("own", 1, func(pj *prowv1.ProwJob) { pj.Labels[prowv1.EventGUIDLabel] = "this" }),
		run("other-pull", 2, func(*prowv1.ProwJob) {}),
		run("batch", 1, func(pj *prowv1.ProwJob) { pj.Labels[prowv1.TypeLabel] = "batch" }),
		run("other-repo", 1, func(pj *prowv1.ProwJob) { pj.Labels[prowv1.RepoLabel] = "other" }),
	)
	conflicts := 1
	client.PrependReactor("patch", "prowjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.(clienttesting.PatchAction).GetName() == "conflict" && conflicts > 0 {
			conflicts--
			return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: "prowjobs"}, "conflict", errors.New("changed"))
		}
		return false, nil, nil
	})
	e := plugin.PullRequest{
		Event: plugin.Event{Config: &config.Config{ProwJobNamespace: "default"}},
		PullRequestEvent: webhook.PullRequestEvent{
			GUID: "this", Repo: webhook.Repository{Repo: github.Repo{Org: "org", Name: "repo"}},
			Pull: webhook.Pull{Pull: github.Pull{Org: "org", Repo: "repo", Number: 1}},
		},
	}
	if err := (trigger{prowJobs: client.ProwV1()}).abort(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	list, err := client.ProwV1().ProwJobs("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, pj := range list.Items {
		if pj.Status.State == prowv1.AbortedState {
			got[pj.Name] = pj.Status.Description
		}
	}
	want := map[string]string{"pending": abortedDescription, "triggered": abortedDescription, "conflict": abortedDescription}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("aborted (-want, +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/up"
)

type storyKey struct{}

// story is one conversation: a repository of its own on the shared machine.
type story struct {
	ctx  context.Context
	m    *up.Machine
	dir  string // of the story's files
	name string
	repo github.Repo
	// shared is a folder that the story and its jobs see.
	shared string
}

// files reads a folder of the story; in the content, @FORGE@ is the GitHub's
// address and @SWITCH@ the path of a file that the command "switch on" makes;
// only jobs that start later see it.
func (s *story) files(folder string) (map[string]string, error) {
	root := filepath.Join(s.dir, folder)
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		files[rel] = strings.NewReplacer("@FORGE@", s.m.Forge.URL(), "@SWITCH@", s.switchPath()).Replace(string(content))
		return err
	})
	return files, err
}

// switchPath is in a folder that jobs see, which /tmp is not: each has its own.
func (s *story) switchPath() string { return filepath.Join(s.shared, "switch") }

func (s *story) issue(number int) github.Issue {
	return github.Issue{Org: s.repo.Org, Repo: s.repo.Name, Number: number}
}

// await checks until it finds nothing wrong; what was wrong last is the error.
func (s *story) await(check func() error) error { return s.awaitFor(patience, check) }

func (s *story) awaitFor(patience time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still, after %v: %w", patience, err)
		case <-tick.C:
		}
	}
}

// settled waits until nothing is under way: every webhook was taken and
// finished, every run has ended and been reported.
func (s *story) settled() error {
	return s.await(func() error {
		if err := s.m.Forge.Drain(s.ctx); err != nil {
			return err
		}
		pending, err := os.ReadDir(filepath.Join(s.m.Bucket, "inbox", "pending"))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		for _, entry := range pending {
			if mine, err := s.delivered(entry.Name()); err != nil || mine {
				return fmt.Errorf("delivery %s is pending (%w)", entry.Name(), err)
			}
		}
		runs, err := s.runs("")
		if err != nil {
			return err
		}
		for _, run := range runs {
			if !run.Complete() {
				return fmt.Errorf("a run of %s is %s", run.Spec.Job, run.Status.State)
			}
			// GitHub is not told of periodics.
			if run.Spec.Report && run.Spec.Refs != nil && run.Status.PrevReportStates["github-reporter"] != run.Status.State {
				return fmt.Errorf("a run of %s is %s, but reported as %q", run.Spec.Job, run.Status.State, run.Status.PrevReportStates["github-reporter"])
			}
		}
		return nil
	})
}

// delivered reports whether the delivery is about this story's repository.
func (s *story) delivered(guid string) (bool, error) {
	content, err := os.ReadFile(filepath.Join(s.m.Bucket, "inbox", "deliveries", guid, "request"))
	if os.IsNotExist(err) {
		return false, nil
	}
	return strings.Contains(string(content), s.repo.Name), err
}

// runs are the repository's runs of a job, or of all jobs, oldest first.
func (s *story) runs(job string) ([]prowv1.ProwJob, error) {
	selector := prowv1.OrgLabel + "=" + s.repo.Org + "," + prowv1.RepoLabel + "=" + s.repo.Name
	list, err := s.m.ProwJobs.ProwV1().ProwJobs(s.m.Namespace).List(s.ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	runs := slices.DeleteFunc(list.Items, func(j prowv1.ProwJob) bool { return job != "" && j.Spec.Job != job })
	// Creation is known to the second; within one, the build IDs tell.
	slices.SortFunc(runs, func(a, b prowv1.ProwJob) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Status.BuildID, b.Status.BuildID))
	})
	return runs, nil
}

// stored reads a file of the newest run of a job from the bucket.
func (s *story) stored(job, file string) (string, error) {
	folder, err := s.folder(job)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(filepath.Join(folder, file))
	return string(content), err
}

// folder is where the newest run of a job has its files.
func (s *story) folder(job string) (string, error) {
	runs, err := s.runs(job)
	if err != nil || len(runs) == 0 {
		return "", fmt.Errorf("no run of %s (%w)", job, err)
	}
	run := runs[len(runs)-1]
	refs := run.Spec.Refs
	path := filepath.Join("logs", job, run.Status.BuildID)
	if refs != nil && len(refs.Pulls) > 0 {
		path = filepath.Join("pr-logs", "pull", refs.Org+"_"+refs.Repo, fmt.Sprint(refs.Pulls[0].Number), job, run.Status.BuildID)
	}
	return filepath.Join(s.m.Bucket, path), nil
}

// botComments are what Cutwater has said on a pull request.
func (s *story) botComments(number int) ([]github.Comment, error) {
	comments, err := s.m.Forge.Reader().Comments(s.ctx, s.issue(number))
	return slices.DeleteFunc(comments, func(c github.Comment) bool { return c.Author.Login != up.Bot }), err
}

// headStatus is the state of a status context at the head of a pull or branch.
func (s *story) headStatus(head, statusContext string) (string, error) {
	sha, err := s.headSHA(head)
	if err != nil {
		return "", err
	}
	combined, err := s.m.Forge.Reader().CombinedStatus(s.ctx, s.repo, sha)
	for _, status := range combined.Statuses {
		if status.Context == statusContext {
			return status.State, err
		}
	}
	return "", err
}

func (s *story) headSHA(head string) (string, error) {
	number, err := strconv.Atoi(head)
	if err != nil {
		return s.m.Forge.Reader().Ref(s.ctx, s.repo, "heads/"+head)
	}
	pull, err := s.m.Forge.Reader().Pull(s.ctx, s.issue(number))
	if err != nil {
		return "", err
	}
	return pull.Head.SHA, nil
}

// match reports whether the text matches the pattern, over several lines.
func match(pattern, text string) (bool, error) {
	re, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return false, err
	}
	return re.MatchString(text), nil
}

// testStarted reports whether the container "test" of the run's pod is running.
func (s *story) testStarted(run prowv1.ProwJob) bool {
	pod, err := s.m.Kube.CoreV1().Pods("test-pods").Get(s.ctx, run.Name, metav1.GetOptions{})
	if err != nil {
		return false
	}
	for _, container := range pod.Status.ContainerStatuses {
		if container.Name == "test" && container.State.Running != nil {
			return true
		}
	}
	return false
}

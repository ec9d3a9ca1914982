// SPDX-License-Identifier: Apache-2.0

package makejob

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// ProwJob is the ProwJob of a job on the code. batch makes that of tide,
// which tests several pull requests at once. web is the root of GitHub's web
// pages, for links.
func ProwJob(j jobs.Any, code Code, batch bool, web string, opt triggers.Options) (*prowv1.ProwJob, error) {
	kind := j.Type()
	if batch {
		kind = prowv1.BatchJob
	}
	if err := code.check(kind, j); err != nil {
		return nil, err
	}
	repo := repository{web: web, link: web + "/" + j.Repo}
	repo.org, repo.name = split(j.Repo)
	if !isGitHub(j.Repo) {
		repo.link = j.Repo
	}
	switch kind {
	case prowv1.BatchJob:
		opt.EventGUID = "" // tide acts on no event
		return triggers.FromBatch(*j.Presubmit, repo.batch(code), opt), nil
	case prowv1.PresubmitJob:
		return triggers.FromPresubmit(*j.Presubmit, triggers.PullRefs(repo.pull(code), code.BaseSHA), opt), nil
	case prowv1.PostsubmitJob:
		return triggers.FromPostsubmit(*j.Postsubmit, triggers.PushRefs(repo.push(code)), opt), nil
	default:
		opt.EventGUID = "" // nor does horologium
		return triggers.FromPeriodic(*j.Periodic, opt), nil
	}
}

// split splits "org/repo"; Gerrit's orgs are https://host, and its repos have slashes.
func split(orgRepo string) (org, repo string) {
	scheme, rest, found := strings.Cut(orgRepo, "://")
	if !found {
		org, repo, _ = strings.Cut(orgRepo, "/")
		return org, repo
	}
	host, repo, _ := strings.Cut(rest, "/")
	return scheme + "://" + host, repo
}

// repository is a repository as links have it.
type repository struct{ web, org, name, link string }

func (r repository) pull(code Code) github.Pull {
	p := code.Pulls[0]
	return github.Pull{
		Number: p.Number, Title: p.Title, HTMLURL: fmt.Sprintf("%s/pull/%d", r.link, p.Number),
		Author: github.User{Login: p.Author, HTMLURL: r.web + "/" + p.Author},
		Base:   github.Branch{Ref: code.BaseRef, Repo: github.Repo{Org: r.org, Name: r.name}, RepoHTMLURL: r.link},
		Head:   github.Branch{Ref: p.HeadRef, SHA: p.SHA},
	}
}

// batch are refs with tide's links, which differ from hook's.
func (r repository) batch(code Code) prowv1.Refs {
	refs := prowv1.Refs{
		Org: r.org, Repo: r.name, RepoLink: r.link,
		BaseRef: code.BaseRef, BaseSHA: code.BaseSHA, BaseLink: r.link + "/tree/" + code.BaseSHA,
	}
	for _, p := range code.Pulls {
		refs.Pulls = append(refs.Pulls, prowv1.Pull{
			Number: p.Number, Author: p.Author, SHA: p.SHA, Title: p.Title, HeadRef: p.HeadRef,
			Link: fmt.Sprintf("%s/pull/%d", r.link, p.Number), CommitLink: r.link + "/commit/" + p.SHA, AuthorLink: r.web + "/" + p.Author,
		})
	}
	return refs
}

func (r repository) push(code Code) triggers.Push {
	push := triggers.Push{
		Repo: github.Repo{Org: r.org, Name: r.name}, RepoHTMLURL: r.link,
		Branch: code.BaseRef, After: code.BaseSHA, Compare: code.BaseLink,
	}
	if push.Compare == "" {
		push.Compare = r.link + "/commit/" + code.BaseSHA
	}
	return push
}

// Pod is the pod of a ProwJob, as plank would create it with the options in the
// job's namespace.
func Pod(pj *prowv1.ProwJob, buildID string, opt decorate.Options) (*corev1.Pod, error) {
	if pj.Spec.Agent != prowv1.KubernetesAgent {
		return nil, fmt.Errorf("%q has the agent %q; only jobs of the agent %q have a pod", pj.Spec.Job, pj.Spec.Agent, prowv1.KubernetesAgent)
	}
	pj = pj.DeepCopy()
	pj.Status.BuildID = buildID
	opt.Namespace = pj.Spec.Namespace
	pod, err := decorate.Pod(pj, opt)
	if err != nil {
		return nil, fmt.Errorf("job %q: %w", pj.Spec.Job, err)
	}
	pod.TypeMeta = metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Pod"}
	return pod, nil
}

// YAML is an object for people and for `kubectl create -f -`: without the empty
// status and time that every object of Kubernetes has.
func YAML(object any) ([]byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // large numbers stay as they are
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	if metadata, ok := fields["metadata"].(map[string]any); ok && metadata["creationTimestamp"] == nil {
		delete(metadata, "creationTimestamp")
	}
	if status, ok := fields["status"].(map[string]any); ok && len(status) == 0 {
		delete(fields, "status")
	}
	return yaml.Marshal(fields)
}

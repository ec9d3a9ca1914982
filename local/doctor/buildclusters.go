// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// podVerbs are what the controller does with the pods of jobs.
func podVerbs() []string { return []string{"create", "delete", "get", "list", "patch", "watch"} }

// buildCluster is a cluster that runs the pods of jobs.
type buildCluster struct {
	alias     string
	client    client.Client
	namespace string
	// controller is who makes pods there; empty is whoever the client is.
	controller string
	// secrets are what the decoration of jobs there mounts, with what says so.
	secrets map[string]string
}

// checkBuildClusters looks whether jobs can run where they are to.
func checkBuildClusters(ctx context.Context, p *patient) []Finding {
	c := p.configuration(ctx)
	if c.Config == nil {
		return notChecked("config.yaml cannot be read")
	}
	jobs, secrets := map[string]int{}, map[string]map[string]string{}
	for job := range c.Config.Jobs.All() {
		base := job.Base()
		alias := base.Cluster
		if alias == "" {
			alias = prowv1.DefaultClusterAlias
		}
		if alias != prowv1.DefaultClusterAlias && base.Agent == string(prowv1.KubernetesAgent) {
			jobs[alias]++
		}
		if secrets[alias] == nil {
			secrets[alias] = map[string]string{}
		}
		maps.Copy(secrets[alias], decorationSecrets(base.DecorationConfig))
	}
	home := buildCluster{
		alias: prowv1.DefaultClusterAlias, client: p.client, namespace: c.Config.PodNamespace,
		controller: "system:serviceaccount:" + p.Namespace + ":controller", secrets: decorationSecrets(c.Config.Plank.DefaultDecoration("", prowv1.DefaultClusterAlias)),
	}
	maps.Copy(home.secrets, secrets[home.alias])
	clusters := []buildCluster{home}
	more, found := p.buildContexts(c.Config.PodNamespace, secrets)
	clusters = append(clusters, more...)
	var names []string
	for _, cluster := range clusters {
		names = append(names, cluster.alias)
		found = append(found, cluster.examine(ctx)...)
	}
	for _, alias := range slices.Sorted(maps.Keys(jobs)) {
		found = append(found, problem("%s for the build cluster %s, and this version runs jobs in the cluster that it is in: such a run ends in an error", count(jobs[alias], "job is", "jobs are"), alias).
			mend("mend cluster in the jobs, which is %s or left out", prowv1.DefaultClusterAlias))
	}
	return orOK(found, "%s: pods can be made in %s", enumerate(names), c.Config.PodNamespace)
}

// buildContexts are the clusters of the file with further ones.
func (p *patient) buildContexts(namespace string, secrets map[string]map[string]string) (clusters []buildCluster, found []Finding) {
	if p.BuildKubeconfig == "" {
		return nil, nil
	}
	file, err := clientcmd.LoadFromFile(p.BuildKubeconfig)
	if err != nil {
		return nil, []Finding{problem("%v", err)}
	}
	for _, alias := range slices.Sorted(maps.Keys(file.Contexts)) {
		config, err := clientcmd.NewNonInteractiveClientConfig(*file, alias, nil, nil).ClientConfig()
		if err == nil {
			config.Timeout = p.Timeout
			var c client.Client
			if c, err = client.New(config, client.Options{Scheme: p.client.Scheme()}); err == nil {
				clusters = append(clusters, buildCluster{alias: alias, client: c, namespace: namespace, secrets: secrets[alias]})
			}
		}
		if err != nil {
			found = append(found, problem("the build cluster %s: %v", alias, err).mend("mend the context in %s", p.BuildKubeconfig))
		}
	}
	return clusters, found
}

// decorationSecrets are the secrets that a decoration mounts, with the key that names them.
func decorationSecrets(d *prowv1.DecorationConfig) map[string]string {
	named := map[string]string{}
	if d == nil {
		return named
	}
	add := func(name *string, key string) {
		if name != nil && *name != "" {
			secret, _, _ := strings.Cut(*name, "/") // a cookie file is "secret/key"
			named[secret] = key
		}
	}
	add(d.GCSCredentialsSecret, "gcs_credentials_secret")
	add(d.S3CredentialsSecret, "s3_credentials_secret")
	add(d.CookiefileSecret, "cookiefile_secret")
	for i := range d.SSHKeySecrets {
		add(&d.SSHKeySecrets[i], "ssh_key_secrets")
	}
	if d.OauthTokenSecret != nil {
		add(&d.OauthTokenSecret.Name, "oauth_token_secret")
	}
	if d.GitHubAppPrivateKeySecret != nil {
		add(&d.GitHubAppPrivateKeySecret.Name, "github_app_private_key_secret")
	}
	return named
}

// examine looks whether pods can be made and started.
func (b buildCluster) examine(ctx context.Context) []Finding {
	var found []Finding
	switch err := b.client.Get(ctx, client.ObjectKey{Name: b.namespace}, &corev1.Namespace{}); {
	case apierrors.IsNotFound(err):
		return []Finding{problem("%s has no namespace %s for the pods of jobs", b.alias, b.namespace).mend("make it there, or set pod_namespace")}
	case err != nil && !apierrors.IsForbidden(err):
		return []Finding{problem("%s: %v", b.alias, err).mend("see that its API server can be reached from here, and from the cluster")}
	}
	var lacks []string
	for _, verb := range podVerbs() {
		allowed, err := b.may(ctx, verb)
		if err != nil {
			return append(found, notChecked("%s: asking what the controller may do: %v", b.alias, err)...)
		}
		if !allowed {
			lacks = append(lacks, verb)
		}
	}
	if len(lacks) > 0 {
		found = append(found, problem("%s: the controller may not %s pods in %s", b.alias, enumerate(lacks), b.namespace).mend(applyAgain))
	}
	for _, name := range slices.Sorted(maps.Keys(b.secrets)) {
		err := b.client.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: name}, &corev1.Secret{})
		switch {
		case apierrors.IsNotFound(err):
			found = append(found, problem("%s: the secret %s, which %s names, is not in %s: no pod of such a job starts", b.alias, name, b.secrets[name], b.namespace).
				mend("make it there, or mend the decoration"))
		case err != nil:
			found = append(found, notChecked("%s: the secret %s: %v", b.alias, name, err)...)
		}
	}
	return found
}

// may asks whether the controller may do something with pods.
func (b buildCluster) may(ctx context.Context, verb string) (bool, error) {
	attributes := &authorizationv1.ResourceAttributes{Verb: verb, Resource: "pods", Namespace: b.namespace}
	if b.controller == "" {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes}}
		err := b.client.Create(ctx, review)
		return review.Status.Allowed, err
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		ResourceAttributes: attributes, User: b.controller, Groups: []string{"system:serviceaccounts", "system:authenticated"},
	}}
	if err := b.client.Create(ctx, review); err != nil {
		return false, fmt.Errorf("%w", err)
	}
	return review.Status.Allowed, nil
}

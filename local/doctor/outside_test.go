// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/doctor"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

func (c *cluster) remove(t *testing.T, o client.Object) {
	t.Helper()
	if err := c.client.Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// waitingPod makes a pod of the controller that has no image.
func (c *cluster) waitingPod(t *testing.T, namespace string) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "controller-1", Labels: map[string]string{"app": "controller"}}}
	no, yes := false, true
	pod.Spec.Containers = []corev1.Container{{Name: "controller", Image: "none", SecurityContext: &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, RunAsNonRoot: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}}}
	pod.Spec.ServiceAccountName = "controller"
	c.create(t, pod)
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "controller", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no such image"}},
	}}
	if err := c.client.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
}

func configurationFaults() []fault {
	write := func(name, file, content string) func(*testing.T, *cluster, string) {
		return func(t *testing.T, c *cluster, namespace string) {
			t.Helper()
			var cm corev1.ConfigMap
			if err := c.client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &cm); err != nil {
				t.Fatal(err)
			}
			if cm.Data == nil {
				cm.Data = map[string]string{}
			}
			cm.Data[file] = fmt.Sprintf(content, namespace)
			if err := c.client.Update(t.Context(), &cm); err != nil {
				t.Fatal(err)
			}
		}
	}
	return []fault{
		{
			name: "config.yaml with an error", then: write("config", "config.yaml", "prowjob_namespace: %[1]s\npod_namespace: %[1]s-pods\nsinker: {resync_period: soon}\n"),
			want: `
problem | configuration | config/config.yaml:3: sinker.resync_period: time: invalid duration "soon" – mend the file, and try it with ` + "`cutwater check`" + `
`,
		},
		{
			name: "other namespaces", then: write("config", "config.yaml", "prowjob_namespace: default\npod_namespace: %s-jobs\n"),
			want: `
problem | namespaces | config.yaml has ProwJobs in default, and the installation is in NS – set prowjob_namespace: NS
problem | namespaces | the namespace NS-jobs of the jobs' pods is not there – set pod_namespace in config.yaml, or apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | build clusters | default has no namespace NS-jobs for the pods of jobs – make it there, or set pod_namespace
`,
		},
		{
			name: "an org without the App", then: write("plugins", "plugins.yaml", "plugins:\n  other/%s: {plugins: [hold]}\n"),
			want: `
problem | GitHub | plugins.yaml speaks of other, where the App cutwater is not installed – install it: FORGE/apps/cutwater/installations/new
`,
		},
		{
			name: "secrets and clusters of jobs",
			then: write("job-config", "jobs.yaml", `
periodics:
- {name: a%[1]s, interval: 1h, decorate: true, decoration_config: {gcs_credentials_secret: gcs, gcs_configuration: {bucket: b, path_strategy: explicit}, utility_images: {clonerefs: a, initupload: b, entrypoint: c, sidecar: d}}, spec: {containers: [{image: i, command: [c]}]}}
- {name: b%[1]s, interval: 1h, cluster: far, spec: {containers: [{image: i, command: [c]}]}}
`),
			want: `
problem | build clusters | default: the secret gcs, which gcs_credentials_secret names, is not in NS-pods: no pod of such a job starts – make it there, or mend the decoration
problem | build clusters | 1 job is for the build cluster far, and this version runs jobs in the cluster that it is in: such a run ends in an error – mend cluster in the jobs, which is default or left out
`,
		},
		{
			name: "a controller without rights",
			change: func(s *manifests.Set) {
				for _, r := range s.Roles {
					if r.Name == "controller" && r.Namespace == "test-pods" {
						r.Rules = []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}}}
					}
				}
			},
			want: `
problem | build clusters | default: the controller may not create, delete and patch pods in NS-pods – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
`,
		},
	}
}

// update changes an object of the whole cluster, until the end of the test.
func update[T client.Object](t *testing.T, c *cluster, o T, change func(T)) {
	t.Helper()
	key := client.ObjectKeyFromObject(o)
	set := func(change func(T)) {
		if err := c.client.Get(t.Context(), key, o); err != nil {
			t.Fatal(err)
		}
		change(o)
		if err := c.client.Update(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	set(func(T) {})
	was := o.DeepCopyObject().(T)
	set(change)
	t.Cleanup(func() {
		was.SetResourceVersion(o.GetResourceVersion())
		if err := c.client.Update(context.Background(), was); err != nil {
			t.Error(err)
		}
	})
}

func clusterFaults() []fault {
	return []fault{
		{
			name: "an old CRD",
			then: func(t *testing.T, c *cluster, _ string) {
				crd := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "prowjobs.prow.k8s.io"}}
				update(t, c, crd, func(o *apiextensionsv1.CustomResourceDefinition) {
					delete(o.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties, "rerun_auth_config")
				})
			},
			want: `
problem | ProwJob | the schema of the CRD prowjobs.prow.k8s.io is that of another version, and drops fields that it does not know – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
`,
		},
		{
			name: "an old Knative that limps",
			then: func(t *testing.T, c *cluster, _ string) {
				namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "knative-eventing"}}
				update(t, c, namespace, func(o *corev1.Namespace) { o.Labels["app.kubernetes.io/version"] = "1.11.4" })
				webhook := &appsv1.Deployment{}
				key := client.ObjectKey{Namespace: "knative-serving", Name: "webhook"}
				set := func(available int32) {
					if err := c.client.Get(context.Background(), key, webhook); err != nil {
						t.Fatal(err)
					}
					webhook.Status.AvailableReplicas, webhook.Status.ReadyReplicas = available, available
					if err := c.client.Status().Update(context.Background(), webhook); err != nil {
						t.Fatal(err)
					}
				}
				set(0)
				t.Cleanup(func() { set(1) })
			},
			want: `
problem | Knative Serving | the Deployment webhook in knative-serving is not available – see kubectl -n knative-serving describe deployment webhook
problem | Knative Eventing | version 1.11.4 is too old: Triggers with filters need 1.12 – upgrade it
`,
		},
		{
			name: "somebody without rights",
			options: func(_ *testing.T, o *doctor.Options) {
				o.Config = rest.CopyConfig(o.Config)
				o.Config.Impersonate = rest.ImpersonationConfig{UserName: "visitor", Groups: []string{"system:authenticated"}}
			},
			want: `
warning | rights | you may not list namespaces; list customresourcedefinitions.apiextensions.k8s.io; list serviceaccounts in NS; list configmaps in NS; list secrets in NS; list leases.coordination.k8s.io in NS; create subjectaccessreviews.authorization.k8s.io; list deployments.apps in NS; list pods in NS; list deployments.apps in knative-serving; list deployments.apps in knative-eventing; get configmaps in knative-serving; list services.serving.knative.dev in NS; list brokers.eventing.knative.dev in NS; list triggers.eventing.knative.dev in NS; list sinkbindings.sources.knative.dev in NS; list pingsources.sources.knative.dev in NS, so that not all can be looked at – examine as somebody who may, such as the one who installed it
not checked | ProwJob | you may not list custom resource definitions
not checked | Knative Serving | you may not list custom resource definitions
not checked | Knative Eventing | you may not list custom resource definitions
not checked | ingress | you may not list Knative Services
not checked | namespaces | you may not list namespaces
not checked | settings | you may not list ConfigMaps
not checked | configuration | you may not list Knative Services
not checked | secrets | you may not list Knative Services
not checked | functions | you may not list Knative Services
not checked | broker | you may not list Brokers
not checked | triggers | you may not list Triggers
not checked | sources | you may not list SinkBindings
not checked | controller | you may not list Deployments
not checked | leases | you may not list leases
not checked | bucket | you may not list Knative Services
not checked | GitHub | you may not list Knative Services
not checked | build clusters | config.yaml cannot be read
`,
		},
		{
			name:    "no API server",
			options: func(_ *testing.T, o *doctor.Options) { o.Config = &rest.Config{Host: "http://127.0.0.1:1"} },
			want: `
problem | API server | http://127.0.0.1:1 does not answer: Get "http://127.0.0.1:1/version?timeout=20s": dial tcp 127.0.0.1:1: connect: connection refused – see that --kubeconfig and --context name the cluster, and that it is up
not checked | rights | the API server does not answer
not checked | ProwJob | the API server does not answer
not checked | Knative Serving | the API server does not answer
not checked | Knative Eventing | the API server does not answer
not checked | ingress | the API server does not answer
not checked | namespaces | the API server does not answer
not checked | settings | the API server does not answer
not checked | configuration | the API server does not answer
not checked | secrets | the API server does not answer
not checked | functions | the API server does not answer
not checked | broker | the API server does not answer
not checked | triggers | the API server does not answer
not checked | sources | the API server does not answer
not checked | controller | the API server does not answer
not checked | leases | the API server does not answer
not checked | bucket | the API server does not answer
not checked | GitHub | the API server does not answer
not checked | build clusters | the API server does not answer
`,
		},
		{
			name: "a build cluster that is away",
			options: func(t *testing.T, o *doctor.Options) {
				o.BuildKubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
				content := `{"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
"contexts": [{"name": "far", "context": {"cluster": "c"}}]}`
				if err := os.WriteFile(o.BuildKubeconfig, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			want: `
problem | build clusters | far: failed to get server groups: Get "http://127.0.0.1:1/api?timeout=20s": dial tcp 127.0.0.1:1: connect: connection refused – see that its API server can be reached from here, and from the cluster
`,
		},
	}
}

func clockFaults() []fault {
	ahead := func(d time.Duration) func(*testing.T, *doctor.Options) {
		return func(_ *testing.T, o *doctor.Options) { o.Now = func() time.Time { return time.Now().Add(d) } }
	}
	return []fault{
		{
			name: "a clock that is a little fast", options: ahead(40 * time.Second),
			want: `
warning | clocks | this machine's clock is about 40s ahead of the clocks of GitHub, the API server and the bucket – set it by NTP
`,
		},
		{
			name: "a clock that is slow", options: ahead(-7 * time.Minute),
			want: `
problem | clocks | this machine's clock is about 7m0s behind the clocks of GitHub, the API server, the bucket and the controller controller-0: signatures of S3 and of GitHub Apps fail – set it by NTP
`,
		},
		{
			name: "deliveries that failed",
			then: func(t *testing.T, c *cluster, _ string) {
				c.forge.Lose(func(githubtest.Delivery) bool { return true })
				defer c.forge.Lose(nil)
				if err := c.forge.AddWebhook(githubtest.Webhook{URL: c.hook + "/hook", Secret: "secret"}); err != nil {
					t.Fatal(err)
				}
				if err := c.forge.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			want: `
warning | GitHub | 1 delivery of the App cutwater failed in the last hour; the newest, ping at TIME, was answered by nobody – see that GitHub can reach hook's address
`,
		},
	}
}

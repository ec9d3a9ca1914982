// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"encoding/json"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/cutwater-ci/cutwater/local/doctor"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// keep leaves those of a list whose names are given.
func keep[T client.Object](all []T, names ...string) []T {
	var kept []T
	for _, o := range all {
		for _, name := range names {
			if o.GetName() == name {
				kept = append(kept, o)
			}
		}
	}
	return kept
}

// without drops those of a list whose names are given.
func without[T client.Object](all []T, names ...string) []T {
	var kept []T
	for _, o := range all {
		if len(keep([]T{o}, names...)) == 0 {
			kept = append(kept, o)
		}
	}
	return kept
}

func objectFaults() []fault {
	return []fault{
		{
			name: "another namespace", options: func(_ *testing.T, o *doctor.Options) { o.Namespace = "nowhere" },
			want: `
not checked | ingress | the namespace nowhere is not there
problem | namespaces | the namespace nowhere is not there – name another with --namespace, or apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
not checked | settings | the namespace nowhere is not there
not checked | configuration | the namespace nowhere is not there
not checked | secrets | the namespace nowhere is not there
not checked | functions | the namespace nowhere is not there
not checked | broker | the namespace nowhere is not there
not checked | triggers | the namespace nowhere is not there
not checked | sources | the namespace nowhere is not there
not checked | controller | the namespace nowhere is not there
not checked | leases | the namespace nowhere is not there
not checked | bucket | the namespace nowhere is not there
not checked | GitHub | the namespace nowhere is not there
not checked | build clusters | the namespace nowhere is not there
`,
		},
		{
			name: "objects that are missing",
			change: func(s *manifests.Set) {
				s.Functions = without(s.Functions, "deck")
				s.Brokers, s.Triggers = nil, nil
				s.SinkBindings, s.PingSources = nil, without(s.PingSources, "sweep")
				s.ServiceAccounts = without(s.ServiceAccounts, "deck")
			},
			want: `
problem | namespaces | the service account deck is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | functions | deck is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | broker | the Broker default is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | triggers | the Trigger plugins is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | sources | the SinkBinding hook is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | sources | the PingSource sweep is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
`,
		},
		{
			name:   "no controller",
			change: func(s *manifests.Set) { s.Deployments = nil },
			then: func(t *testing.T, c *cluster, namespace string) {
				c.remove(t, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "plank"}})
			},
			want: `
problem | controller | the Deployment controller is not there – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
problem | leases | the controller has never held a lease – see that it is up, and its log
`,
		},
		{
			name: "settings",
			change: func(s *manifests.Set) {
				settings := keep(s.ConfigMaps, "settings")[0]
				delete(settings.Data, "github-host")
				settings.Data["buckett"] = "gs://mine"
			},
			want: `
problem | settings | the ConfigMap settings has no key github-host, and USERS cannot start – apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -
warning | settings | nobody reads the key buckett of the ConfigMap settings – look for a slip of the pen
`,
		},
	}
}

func statusFaults() []fault {
	return []fault{
		{
			name: "not ready",
			change: func(s *manifests.Set) {
				no := ready(corev1.ConditionFalse, "Broken", "It does not work.")
				deck, plugins := keep(s.Functions, "deck")[0], keep(s.Functions, "plugins")[0]
				deck.Status.Conditions, deck.Status.LatestReadyRevisionName = ready(corev1.ConditionFalse, "RevisionMissing", `Configuration "deck" does not have any ready Revision.`), ""
				plugins.Status.Conditions, plugins.Status.LatestCreatedRevisionName = ready(corev1.ConditionFalse, "RevisionFailed", "Unable to fetch image."), "plugins-00002"
				s.Brokers[0].Status.Conditions = no
				keep(s.Triggers, "plugins")[0].Status.Conditions = nil
				keep(s.SinkBindings, "hook")[0].Status.Conditions = ready(corev1.ConditionUnknown, "", "")
				keep(s.PingSources, "sweep")[0].Status.Conditions = no
				s.Deployments[0].Status.AvailableReplicas = 0
			},
			then: func(t *testing.T, c *cluster, namespace string) { c.waitingPod(t, namespace) },
			want: `
problem | functions | deck is not ready: RevisionMissing: Configuration "deck" does not have any ready Revision – see kubectl -n NS describe ksvc deck
problem | functions | plugins runs an older revision, plugins-00001, for the latest is not ready: RevisionFailed: Unable to fetch image – see kubectl -n NS describe revision plugins-00002
problem | broker | the Broker default is not ready: Broken: It does not work – see kubectl -n NS describe broker default
problem | triggers | the Trigger plugins is not ready: nobody has looked at it yet – see kubectl -n NS describe trigger plugins
problem | sources | the SinkBinding hook is not ready: its condition Ready is Unknown – see kubectl -n NS describe SinkBinding hook
problem | sources | the PingSource sweep is not ready: Broken: It does not work – see kubectl -n NS describe PingSource sweep
problem | controller | controller is not available: ImagePullBackOff: no such image – see kubectl -n NS describe deployment controller
`,
		},
		{
			name: "not quite ready",
			change: func(s *manifests.Set) {
				keep(s.Functions, "deck")[0].Status.LatestCreatedRevisionName = "deck-00002"
				keep(s.Triggers, "plugins")[0].Status.DeadLetterSinkURI = nil
				keep(s.Triggers, "plugins")[0].Spec.Delivery.DeadLetterSink = nil
				s.Brokers[0].Spec.Delivery = nil
				s.Deployments[0].Status.AvailableReplicas = 1
			},
			then: func(t *testing.T, c *cluster, namespace string) {
				c.create(t, c.lease(namespace, "crier", time.Now().Add(-time.Hour)))
				c.create(t, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "crier-bucket"}})
			},
			want: `
warning | functions | deck still runs the revision deck-00001; deck-00002 is on its way – wait
warning | triggers | the Trigger plugins has no dead letter sink: what it gives up nobody sees – set spec.delivery.deadLetterSink of it, or of the Broker default
warning | controller | 1 of 2 replicas of controller are up – see kubectl -n NS describe deployment controller
problem | leases | controller-0 has not renewed crier since TIME – see that the controller is up, and its log
warning | leases | nobody holds crier-bucket – see that the controller is up, and its log
`,
		},
		{
			name: "no address",
			change: func(s *manifests.Set) {
				keep(s.Functions, "hook")[0].Status.Conditions = append(ready(corev1.ConditionTrue, "", ""),
					apis.Condition{Type: servingv1.ServiceConditionRoutesReady, Status: corev1.ConditionUnknown, Message: "Ingress has not yet been reconciled."})
			},
			want: `
problem | ingress | hook has no address, its route is not ready: Ingress has not yet been reconciled; the ingress class is kourier.ingress.networking.knative.dev – install that ingress, or name another as ingress-class in the ConfigMap config-network of knative-serving
`,
		},
		{
			name: "an address inside",
			change: func(s *manifests.Set) {
				keep(s.Functions, "hook")[0].Status.URL = apis.HTTP("hook.cutwater.svc.cluster.local")
			},
			want: `
warning | ingress | hook's address http://hook.cutwater.svc.cluster.local is not one that GitHub can reach – set your domain in the ConfigMap config-domain of knative-serving, or, where a proxy or a tunnel leads there, the setting webhook-url
warning | GitHub | the webhook of the App cutwater leads to HOOK/hook, and hook takes events at http://hook.cutwater.svc.cluster.local/hook – change it in the App's settings: FORGE/apps/cutwater; or, where a proxy or a tunnel leads to hook, set webhook-url
`,
		},
	}
}

func secretFaults() []fault {
	set := func(name, key, value string) func(*testing.T, *cluster, string) {
		return func(t *testing.T, c *cluster, namespace string) {
			t.Helper()
			c.remove(t, c.secret(namespace, name, "", nil))
			if key != "" {
				c.create(t, c.secret(namespace, name, key, []byte(value)))
			}
		}
	}
	return []fault{
		{
			name: "no secret", then: set("hmac-token", "", ""),
			want: `
problem | secrets | the secret hmac-token is not there, and USERS cannot do without – kubectl -n NS create secret generic hmac-token --from-file=hmac=hmac
`,
		},
		{
			name: "no key of a secret", then: set("github-app", "cert", hush),
			want: `
problem | secrets | the secret github-app has no key private-key, and USERS cannot do without – delete it, and kubectl -n NS create secret generic github-app --from-file=private-key=private-key.pem
not checked | GitHub | the credentials of the pods, at /etc/github-app/private-key, are not known
`,
		},
		{
			name: "a secret of another shape", then: set("hmac-token", "hmac", "org:\n- "+hush+"\n"),
			want: `
problem | secrets | the key hmac of the secret hmac-token is not what USERS must read: a list holds something else than {value, created_at} – delete it, and kubectl -n NS create secret generic hmac-token --from-file=hmac=hmac
`,
		},
		{
			name: "no private key", then: set("github-app", "private-key", hush),
			want: `
problem | secrets | the key private-key of the secret github-app is not what USERS must read: it is not PEM, which begins with -----BEGIN – delete it, and kubectl -n NS create secret generic github-app --from-file=private-key=private-key.pem
not checked | GitHub | the credentials of the pods, at /etc/github-app/private-key, are not what they must be
`,
		},
		{
			name: "a path to nothing",
			change: func(s *manifests.Set) {
				keep(s.ConfigMaps, "settings")[0].Data["github-app-private-key-path"] = "/etc/github/key"
			},
			want: `
problem | secrets | no secret is mounted in USERS where it is looked for: GITHUB_APP_PRIVATE_KEY_PATH, /etc/github/key – mend the path in the ConfigMap settings
not checked | GitHub | the credentials of the pods, at /etc/github/key, are not known
`,
		},
		{
			name: "credentials of the bucket", then: set("bucket-credentials", "service-account.json", `{"access_key": "`+hush+`"}`),
			want: `
problem | secrets | the key service-account.json of the secret bucket-credentials is not what USERS must read: access_key and secret_key belong together – delete it, and kubectl -n NS create secret generic bucket-credentials --from-file=service-account.json=service-account.json
not checked | bucket | the credentials of the pods, at /etc/bucket/service-account.json, are not what they must be
`,
		},
		{
			name:   "no such bucket",
			change: func(s *manifests.Set) { keep(s.ConfigMaps, "settings")[0].Data["bucket"] = "s3://other" },
			want: `
problem | bucket | writing s3://other/inbox/doctor/KEY: not found, with the pods' credentials – make the bucket, or mend the setting bucket
`,
		},
		{
			name: "a bucket that the pods' identity opens, and ours does not",
			change: func(s *manifests.Set) {
				keep(s.ConfigMaps, "settings")[0].Data["s3-credentials-file"] = ""
				for _, account := range s.ServiceAccounts {
					account.Annotations = map[string]string{"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/cutwater"}
				}
			},
			then: func(t *testing.T, c *cluster, namespace string) {
				var server struct{ Endpoint string }
				if err := json.Unmarshal(c.s3, &server); err != nil {
					t.Fatal(err)
				}
				settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "settings"}}
				update(t, c, settings, func(o *corev1.ConfigMap) {
					o.Data["bucket"] = c.bucket + "?region=us-east-1&use_path_style=true&endpoint=http://" + server.Endpoint
				})
				t.Setenv("AWS_ACCESS_KEY_ID", "access")
				t.Setenv("AWS_SECRET_ACCESS_KEY", "ours")
			},
			want: `
not checked | bucket | writing s3://bucket/inbox/doctor/KEY: access denied: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method., with your own credentials; the pods are arn:aws:iam::1:role/cutwater; --gcs-credentials-file and --s3-credentials-file name others
`,
		},
		{
			name: "a bucket of Google's, and no credentials of ours",
			change: func(s *manifests.Set) {
				settings := keep(s.ConfigMaps, "settings")[0]
				settings.Data["bucket"], settings.Data["s3-credentials-file"] = "gs://bucket", ""
			},
			options: func(t *testing.T, _ *doctor.Options) {
				t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
			},
			want: `
not checked | bucket | opening bucket gs://bucket: dialing: open /nowhere: no such file or directory, with your own credentials; the pods have theirs; --gcs-credentials-file and --s3-credentials-file name others
`,
		},
		{
			name: "a bucket and a GitHub in the cluster",
			change: func(s *manifests.Set) {
				settings := keep(s.ConfigMaps, "settings")[0]
				settings.Data["bucket"] = "s3://bucket?region=us-east-1&use_path_style=true&endpoint=http://s3.storage.svc.cluster.local:7070"
				settings.Data["github-endpoint"] = "http://forge.forge.svc.cluster.local"
			},
			want: `
not checked | bucket | http://s3.storage.svc.cluster.local:7070 is inside of the cluster, and is not reached from here
not checked | GitHub | http://forge.forge.svc.cluster.local is inside of the cluster, and is not reached from here
`,
		},
		{
			name:   "a folder for a bucket",
			change: func(s *manifests.Set) { keep(s.ConfigMaps, "settings")[0].Data["bucket"] = "file:///bucket" },
			want: `
not checked | bucket | file:///bucket is a folder of the pods
`,
		},
	}
}

// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/doctor"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// cluster is a real API server that knows Knative's kinds, a bucket, and a GitHub.
type cluster struct {
	config *rest.Config
	client client.Client
	bucket string // with its credentials
	s3     []byte
	forge  *githubtest.Server
	key    []byte // of the App
	hook   string // its address
}

// hush is a secret.
const hush = "hush-hush-hush"

// appID is the number of Cutwater's App.
const appID = 7

// newCluster starts all of it for the tests of a function.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	crds, err := deploy.CRDs()
	if err != nil {
		t.Fatal(err)
	}
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDs: append(crds, knativeCRDs(t)...), Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, coordinationv1.AddToScheme, rbacv1.AddToScheme,
		apiextensionsv1.AddToScheme, eventingv1.AddToScheme, sourcesv1.AddToScheme, servingv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c := &cluster{config: rest.CopyConfig(plane.Config)}
	c.config.QPS = -1
	if c.client, err = client.New(c.config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	address, credentials := blobtest.S3(t)
	c.bucket = address
	if c.s3, err = os.ReadFile(credentials.S3File); err != nil {
		t.Fatal(err)
	}
	taking := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(taking.Close)
	c.hook = taking.URL
	c.startForge(t)
	c.installKnative(t)
	return c
}

// startForge starts a GitHub with the App.
func (c *cluster) startForge(t *testing.T) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c.key = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	c.forge = githubtest.Start(t, githubtest.Options{})
	c.forge.AddApp(changed(&key.PublicKey, func(*githubtest.App) {}))
	if err := c.forge.AddWebhook(githubtest.Webhook{URL: c.hook + "/hook", Secret: "secret"}); err != nil {
		t.Fatal(err)
	}
	if err := c.forge.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// knativeCRDs are those of Knative's own modules. Without its webhooks a kind has
// one version.
func knativeCRDs(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "knative.dev/serving", "knative.dev/eventing").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, file := range []string{
		modules[0] + "/config/core/300-resources/service.yaml", modules[1] + "/config/core/resources/broker.yaml",
		modules[1] + "/config/core/resources/trigger.yaml", modules[1] + "/config/core/resources/pingsource.yaml",
		modules[1] + "/config/core/resources/sinkbindings.yaml",
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(content, crd); err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		crd.Spec.Conversion = nil
		for _, v := range crd.Spec.Versions {
			if v.Name == "v1" {
				v.Storage = true
				crd.Spec.Versions = []apiextensionsv1.CustomResourceDefinitionVersion{v}
			}
		}
		crds = append(crds, crd)
	}
	return crds
}

func (c *cluster) create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		status := o.DeepCopyObject()
		if err := c.client.Create(t.Context(), o); err != nil {
			t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
		c.keepStatus(t, o, status)
	}
}

// keepStatus gives an object the status that it was made with.
func (c *cluster) keepStatus(t *testing.T, o client.Object, made runtime.Object) {
	t.Helper()
	switch o := o.(type) {
	case *appsv1.Deployment:
		o.Status = made.(*appsv1.Deployment).Status
	case *servingv1.Service:
		o.Status = made.(*servingv1.Service).Status
		o.Status.ObservedGeneration = o.Generation
	case *eventingv1.Broker:
		o.Status = made.(*eventingv1.Broker).Status
	case *eventingv1.Trigger:
		o.Status = made.(*eventingv1.Trigger).Status
	case *sourcesv1.SinkBinding:
		o.Status = made.(*sourcesv1.SinkBinding).Status
	case *sourcesv1.PingSource:
		o.Status = made.(*sourcesv1.PingSource).Status
	default:
		return
	}
	if err := c.client.Status().Update(t.Context(), o); err != nil {
		t.Fatalf("the status of %T %s: %v", o, o.GetName(), err)
	}
}

// installKnative makes what of Knative is looked at, beside its kinds.
func (c *cluster) installKnative(t *testing.T) {
	t.Helper()
	for namespace, deployments := range map[string][]string{
		"knative-serving":  {"activator", "controller", "webhook"},
		"knative-eventing": {"eventing-controller", "eventing-webhook"},
	} {
		c.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{"app.kubernetes.io/version": "1.20.1"}}})
		for _, name := range deployments {
			labels := map[string]string{"app": name}
			d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
			d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
			d.Spec.Template.Labels = labels
			d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
			d.Status = appsv1.DeploymentStatus{Replicas: 1, AvailableReplicas: 1, ReadyReplicas: 1}
			c.create(t, d)
		}
	}
	c.create(t, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "knative-serving", Name: "config-network"},
		Data:       map[string]string{"ingress-class": "kourier.ingress.networking.knative.dev"},
	})
}

// ready is a condition.
func ready(status corev1.ConditionStatus, reason, message string) duckv1.Conditions {
	return duckv1.Conditions{{Type: apis.ConditionReady, Status: status, Reason: reason, Message: message}}
}

// install applies this version's manifests in a namespace of their own, with all
// that they need, up and ready; change fits them first.
func (c *cluster) install(t *testing.T, namespace string, change func(*manifests.Set)) {
	t.Helper()
	set, err := manifests.Load(deploy.Files)
	if err != nil {
		t.Fatal(err)
	}
	c.fit(t, set, namespace)
	if change != nil {
		change(set)
	}
	rename := map[string]string{"cutwater": namespace, "test-pods": namespace + "-pods"}
	add := func(o client.Object) {
		o.SetNamespace(rename[o.GetNamespace()])
		c.create(t, o)
	}
	for _, o := range set.Namespaces {
		o.Name = rename[o.Name]
		add(o)
	}
	for _, o := range set.ServiceAccounts {
		add(o)
	}
	for _, o := range set.Roles {
		add(o)
	}
	for _, o := range set.RoleBindings {
		for i := range o.Subjects {
			o.Subjects[i].Namespace = rename[o.Subjects[i].Namespace]
		}
		add(o)
	}
	for _, o := range set.ConfigMaps {
		add(o)
	}
	for _, o := range set.Functions {
		add(o)
	}
	for _, o := range set.Deployments {
		add(o)
	}
	for _, o := range set.Brokers {
		add(o)
	}
	for _, o := range set.Triggers {
		add(o)
	}
	for _, o := range set.SinkBindings {
		add(o)
	}
	for _, o := range set.PingSources {
		add(o)
	}
	c.create(t,
		c.secret(namespace, "hmac-token", "hmac", []byte(hush)),
		c.secret(namespace, "github-app", "private-key", c.key),
		c.secret(namespace, "bucket-credentials", "service-account.json", c.s3),
		c.lease(namespace, "plank", time.Now()),
		c.given(namespace, "cutwater-controller-waiting"),
	)
}

// fit gives the manifests the settings of this cluster, and says that all is well.
func (c *cluster) fit(t *testing.T, set *manifests.Set, namespace string) {
	t.Helper()
	for _, o := range set.ConfigMaps {
		switch o.Name {
		case "settings":
			maps.Copy(o.Data, map[string]string{
				"bucket": c.bucket, "s3-credentials-file": "/etc/bucket/service-account.json",
				"github-endpoint": c.forge.URL(), "github-graphql-endpoint": "", "github-host": c.forge.URL(),
				"github-token-path": "", "github-app-id": fmt.Sprint(appID), "github-app-private-key-path": "/etc/github-app/private-key",
			})
		case "config":
			o.Data["config.yaml"] = fmt.Sprintf("prowjob_namespace: %[1]s\npod_namespace: %[1]s-pods\n", namespace)
		case "plugins":
			o.Data["plugins.yaml"] = "plugins:\n  org: {plugins: [trigger]}\n"
		}
	}
	hook, err := apis.ParseURL(c.hook)
	if err != nil {
		t.Fatal(err)
	}
	well := ready(corev1.ConditionTrue, "", "")
	for _, o := range set.Functions {
		o.Status.Conditions = append(well, apis.Condition{Type: servingv1.ServiceConditionRoutesReady, Status: corev1.ConditionTrue})
		o.Status.LatestCreatedRevisionName, o.Status.LatestReadyRevisionName = o.Name+"-00001", o.Name+"-00001"
		o.Status.URL = hook
	}
	for _, o := range set.Deployments {
		o.Status.Replicas, o.Status.ReadyReplicas, o.Status.AvailableReplicas = *o.Spec.Replicas, *o.Spec.Replicas, *o.Spec.Replicas
	}
	for _, o := range set.Brokers {
		o.Status.Conditions = well
	}
	for _, o := range set.Triggers {
		o.Status.Conditions = well
		o.Status.DeadLetterSinkURI = hook
	}
	for _, o := range set.SinkBindings {
		o.Status.Conditions = well
	}
	for _, o := range set.PingSources {
		o.Status.Conditions = well
	}
}

func (c *cluster) secret(namespace, name, key string, value []byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{key: value}}
}

func (c *cluster) lease(namespace, name string, renewed time.Time) *coordinationv1.Lease {
	holder, life, at := "controller-0", int32(15), metav1.NewMicroTime(renewed)
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &life, RenewTime: &at},
	}
}

// given is a lease that its holder has given back.
func (c *cluster) given(namespace, name string) *coordinationv1.Lease {
	lease, nobody := c.lease(namespace, name, time.Now().Add(-time.Hour)), ""
	lease.Spec.HolderIdentity = &nobody
	return lease
}

// examine examines the installation, and returns the report as it is printed.
func (c *cluster) examine(ctx context.Context, t *testing.T, o doctor.Options) (doctor.Report, []string) {
	t.Helper()
	if o.Config == nil {
		o.Config = c.config
	}
	report := doctor.Examine(ctx, o)
	var out strings.Builder
	if err := report.Write(&out, doctor.Text); err != nil {
		t.Fatal(err)
	}
	return report, strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

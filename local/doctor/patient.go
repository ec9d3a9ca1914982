// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configcheck "github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// patient is an installation, as far as it was looked at.
type patient struct {
	Options

	client  client.Client
	reached bool           // the API server answers
	want    *manifests.Set // what deploy/ applies, in the installation's namespace
	dates   dates
	dir     string // a folder of the examination's own

	namespaces  corev1.NamespaceList
	accounts    corev1.ServiceAccountList
	configMaps  corev1.ConfigMapList
	secrets     corev1.SecretList
	crds        apiextensionsv1.CustomResourceDefinitionList
	deployments appsv1.DeploymentList // of the installation
	serving     appsv1.DeploymentList // of Knative Serving
	eventing    appsv1.DeploymentList // of Knative Eventing
	network     corev1.ConfigMap      // Knative Serving's config-network
	pods        corev1.PodList
	leases      coordinationv1.LeaseList
	functions   servingv1.ServiceList
	brokers     eventingv1.BrokerList
	triggers    eventingv1.TriggerList
	bindings    sourcesv1.SinkBindingList
	pings       sourcesv1.PingSourceList

	unseen map[client.ObjectList]string // why a list is not what there is

	configuration func(context.Context) configuration
}

// The namespaces of Knative.
const (
	servingNamespace  = "knative-serving"
	eventingNamespace = "knative-eventing"
)

func newPatient(o Options) (*patient, error) {
	p := &patient{Options: o, unseen: map[client.ObjectList]string{}}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, coordinationv1.AddToScheme, authorizationv1.AddToScheme,
		apiextensionsv1.AddToScheme, eventingv1.AddToScheme, sourcesv1.AddToScheme, servingv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	p.dates.now = o.Now
	config := rest.CopyConfig(o.Config)
	config.QPS = -1 // it asks for two dozen things
	config.Timeout = o.Timeout
	config.WarningHandler = rest.NoWarnings{}
	config.Wrap(p.dates.of("the API server"))
	var err error
	if p.client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, fmt.Errorf("reaching the API server: %w", err)
	}
	if p.want, err = manifests.Load(deploy.Files); err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "cutwater-doctor-"); err != nil { // with mode 0700
		return nil, err
	}
	var once sync.Once
	var loaded configuration
	p.configuration = func(ctx context.Context) configuration {
		once.Do(func() { loaded = p.loadConfiguration(ctx) })
		return loaded
	}
	return p, nil
}

// close removes what the examination has written.
func (p *patient) close() { _ = os.RemoveAll(p.dir) }

// look reads everything that the checks look at, at once.
func (p *patient) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	tell := time.AfterFunc(slow, func() { p.Progress("the API server") })
	defer tell.Stop()
	in := func(namespace string) client.ListOption { return client.InNamespace(namespace) }
	var mu sync.Mutex
	var work sync.WaitGroup
	list := func(into client.ObjectList, what string, options ...client.ListOption) {
		work.Go(func() {
			if err := p.client.List(ctx, into, options...); err != nil {
				mu.Lock()
				defer mu.Unlock()
				p.unseen[into] = why(err, what)
			}
		})
	}
	here := in(p.Namespace)
	list(&p.namespaces, "namespaces")
	list(&p.accounts, "service accounts", here)
	list(&p.configMaps, "ConfigMaps", here)
	list(&p.secrets, "secrets", here)
	list(&p.crds, "custom resource definitions")
	list(&p.leases, "leases", here)
	if p.Machine == nil {
		list(&p.deployments, "Deployments", here)
		list(&p.pods, "pods", here)
		list(&p.serving, "Deployments of "+servingNamespace, in(servingNamespace))
		list(&p.eventing, "Deployments of "+eventingNamespace, in(eventingNamespace))
		list(&p.functions, "Knative Services", here)
		list(&p.brokers, "Brokers", here)
		list(&p.triggers, "Triggers", here)
		list(&p.bindings, "SinkBindings", here)
		list(&p.pings, "PingSources", here)
		work.Go(func() { // without it the class is not known
			_ = p.client.Get(ctx, client.ObjectKey{Namespace: servingNamespace, Name: "config-network"}, &p.network)
		})
	}
	work.Wait()
}

// why says in a few words why something was not read.
func why(err error, what string) string {
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return "the cluster knows no " + what
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return "you may not list " + what
	}
	return fmt.Sprintf("listing %s: %v", what, err)
}

// blind is that a check cannot be done, because of lists that were not read.
func (p *patient) blind(lists ...client.ObjectList) []Finding {
	for _, list := range lists {
		if reason, ok := p.unseen[list]; ok {
			return notChecked("%s", reason)
		}
	}
	return nil
}

// homeless reports whether the installation's namespace is known not to be there.
func (p *patient) homeless() bool {
	return p.unseen[&p.namespaces] == "" && byName(p.namespaces.Items, p.Namespace) == nil
}

// keep writes a file that only we can read, for libraries that take no bytes.
func (p *patient) keep(content []byte, elements ...string) (string, error) {
	path := filepath.Join(append([]string{p.dir}, elements...)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, content, 0o600)
}

// configuration is what the functions would load.
type configuration struct {
	configcheck.Input

	findings []configcheck.Finding
	// unread is why it could not be looked at; empty when it was.
	unread string
}

// byName finds an object of a list.
func byName[T any, P interface {
	*T
	GetName() string
}](items []T, name string) P {
	for i := range items {
		if P(&items[i]).GetName() == name {
			return &items[i]
		}
	}
	return nil
}

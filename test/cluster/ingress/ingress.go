// SPDX-License-Identifier: Apache-2.0

// Package ingress is the way into a test cluster's Knative Services: it does
// what Knative's Ingress objects say, with Go's reverse proxy. Those that are for
// production need Envoy, which cannot be built from Go modules.
//
// Started as a pod by test/cluster. Changes the status of Ingress objects.
package ingress

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/client/clientset/versioned"
	"knative.dev/networking/pkg/client/informers/externalversions"
	listers "knative.dev/networking/pkg/client/listers/networking/v1alpha1"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

const (
	// Class is the ingress class that Knative is to give its ingresses.
	Class = "cutwater-test.ingress.networking.knative.dev"
	// Program is the import path of the program.
	Program = "github.com/cutwater-ci/cutwater/test/cluster/cmd/ingress"

	classAnnotation = "networking.knative.dev/ingress.class"
	// service is where the cluster reaches the proxy.
	service = "ingress.ingress.svc.cluster.local"

	externalAddress, internalAddress, healthAddress = ":8080", ":8081", ":8082"
)

//go:embed manifest.yaml
var manifest []byte

// Manifests returns the objects that run the program as a pod, with its image.
func Manifests(references map[string]string) ([]*objects.Object, error) {
	found, err := objects.Read(manifest)
	if err != nil {
		return nil, err
	}
	return found, objects.Images(found, references)
}

// Run serves until ctx ends.
func Run(ctx context.Context, config *rest.Config) error {
	client, err := versioned.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := externalversions.NewSharedInformerFactory(client, 0)
	informer := factory.Networking().V1alpha1().Ingresses()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // it is known already
		}
	}
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { notify() }, UpdateFunc: func(any, any) { notify() }, DeleteFunc: func(any) { notify() },
	}); err != nil {
		return err
	}
	r := &reconciler{client: client, lister: informer.Lister(), proxy: NewProxy()}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := r.reconcile(ctx); err != nil {
		logging.FromContext(ctx).Warnw("The first ingresses", "error", err)
		notify()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.run(ctx, changed, notify) })
	healthy := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for address, handler := range map[string]http.Handler{
		externalAddress: r.proxy.handler(true), internalAddress: r.proxy.handler(false), healthAddress: healthy,
	} {
		group.Go(func() error { return serve(ctx, address, handler) })
	}
	return group.Wait()
}

// serve ends with ctx, when the requests have been answered.
func serve(ctx context.Context, address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	answered := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		answered <- server.Shutdown(ctx)
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-answered
}

// reconciler keeps the proxy's table and the ingresses' status.
type reconciler struct {
	client versioned.Interface
	lister listers.IngressLister
	proxy  *Proxy
}

// run reconciles after each change, and again a while after an error.
func (r *reconciler) run(ctx context.Context, changed <-chan struct{}, notify func()) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		if err := r.reconcile(ctx); err != nil {
			logging.FromContext(ctx).Warnw("Ingresses", "error", err)
			time.AfterFunc(time.Second, notify)
		}
	}
}

// reconcile routes by what all ingresses say now, and only then calls them ready.
func (r *reconciler) reconcile(ctx context.Context) error {
	all, err := r.lister.List(labels.Everything())
	if err != nil {
		return err
	}
	var ours []*v1alpha1.Ingress
	for _, i := range all {
		if i.Annotations[classAnnotation] == Class && i.DeletionTimestamp == nil {
			ours = append(ours, i)
		}
	}
	t := newTable(ours)
	r.proxy.table.Store(&t)
	var errs []error
	for _, i := range ours {
		if i.Status.ObservedGeneration == i.Generation && i.IsReady() {
			continue
		}
		_, err := r.client.NetworkingV1alpha1().Ingresses(i.Namespace).UpdateStatus(ctx, ready(i), metav1.UpdateOptions{})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// ready is the ingress with the status of one that is served.
func ready(i *v1alpha1.Ingress) *v1alpha1.Ingress {
	i = i.DeepCopy()
	i.Status.InitializeConditions()
	i.Status.MarkNetworkConfigured()
	here := []v1alpha1.LoadBalancerIngressStatus{{DomainInternal: service}}
	i.Status.MarkLoadBalancerReady(here, here)
	i.Status.ObservedGeneration = i.Generation
	return i
}

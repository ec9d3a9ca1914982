// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"fmt"
	"reflect"

	"go.uber.org/zap"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/kmeta"
)

// CRDs are what Knative would have installed of what we make at run time, as far
// as the mesh honours it: PingSources.
func CRDs() []*apiextensionsv1.CustomResourceDefinition {
	anything := true
	return []*apiextensionsv1.CustomResourceDefinition{{
		ObjectMeta: metav1.ObjectMeta{Name: "pingsources.sources.knative.dev"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "sources.knative.dev",
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "pingsources", Singular: "pingsource", Kind: "PingSource", ListKind: "PingSourceList"},
			Scope: apiextensionsv1.NamespaceScoped,
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: &anything,
				}},
				AdditionalPrinterColumns: []apiextensionsv1.CustomResourceColumnDefinition{
					{Name: "Schedule", Type: "string", JSONPath: ".spec.schedule"},
					{Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp"},
				},
			}},
		},
	}}
}

// followPingSources honours the PingSources of the API server, as they come,
// change and go, beside those of the manifests.
func (m *Mesh) followPingSources(ctx context.Context) error {
	informer := dynamicinformer.NewFilteredDynamicInformer(m.opts.PingSources,
		sourcesv1.SchemeGroupVersion.WithResource("pingsources"), metav1.NamespaceAll, 0, cache.Indexers{}, nil).Informer()
	set := func(obj any) {
		if err := m.setPingSource(ctx, obj); err != nil {
			m.opts.Log.Errorw("A ping source that cannot be honoured", zap.Error(err))
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    set,
		UpdateFunc: func(_, obj any) { set(obj) },
		DeleteFunc: func(obj any) {
			if source, err := kmeta.DeletionHandlingAccessor(obj); err == nil {
				m.removePingSource(key(source.GetNamespace(), source.GetName()))
			}
		},
	})
	if err != nil {
		return err
	}
	m.work.Go(func() error {
		informer.RunWithContext(ctx)
		return nil
	})
	return nil
}

// setPingSource starts a PingSource of the API server, or starts it anew when it has changed.
func (m *Mesh) setPingSource(ctx context.Context, obj any) error {
	from, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("a %T is no ping source", obj)
	}
	source := &sourcesv1.PingSource{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(from.Object, source); err != nil {
		return fmt.Errorf("ping source %s: %w", from.GetName(), err)
	}
	name := key(source.Namespace, source.Name)
	m.mu.Lock()
	running := m.rung[name]
	m.mu.Unlock()
	if running != nil && reflect.DeepEqual(running.source.Spec, source.Spec) {
		return nil
	}
	m.removePingSource(name)
	if err := m.startPingSource(ctx, source); err != nil {
		return fmt.Errorf("ping source %s: %w", source.Name, err)
	}
	return nil
}

func (m *Mesh) removePingSource(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if running := m.rung[name]; running != nil {
		running.stop()
		delete(m.rung, name)
	}
}

// Ring has a PingSource send its event now, and waits for the answer.
func (m *Mesh) Ring(ctx context.Context, namespace, name string) error {
	m.mu.Lock()
	running := m.rung[key(namespace, name)]
	m.mu.Unlock()
	if running == nil {
		return fmt.Errorf("there is no ping source %s in namespace %s", name, namespace)
	}
	return ping(ctx, running.source, running.sink)
}

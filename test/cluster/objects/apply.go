// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// manager is who owns the fields that we set.
const manager = "cutwater-test"

// often is how often something is looked at that is waited for.
const often = 200 * time.Millisecond

// Cluster is where objects are applied.
type Cluster struct {
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// NewCluster returns the cluster that config leads to.
func NewCluster(config *rest.Config) (*Cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = 200, 400 // of an administrator who waits
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{dynamic: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kube.Discovery()))}, nil
}

// Apply makes the objects as they are given, but those first that others need:
// namespaces and kinds, then accounts, roles and configuration. It may be repeated.
func (c *Cluster) Apply(ctx context.Context, objects []*Object) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	first, second, rest := order(objects)
	for _, object := range first {
		if err := c.apply(ctx, object); err != nil {
			return err
		}
	}
	if err := c.Await(ctx, first); err != nil {
		return err
	}
	if err := c.awaitKinds(ctx, first); err != nil {
		return err
	}
	for _, object := range slices.Concat(second, rest) {
		if err := c.apply(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// order parts the objects into those that all others need, those that what runs
// needs, and the rest, each in the order in which they were.
func order(objects []*Object) (first, second, rest []*Object) {
	for _, object := range objects {
		switch object.GetKind() {
		case "Namespace", "CustomResourceDefinition":
			first = append(first, object)
		case "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret":
			second = append(second, object)
		default:
			rest = append(rest, object)
		}
	}
	return first, second, rest
}

// awaitKinds waits until the API server tells of all kinds that the definitions
// among the objects define, and knows them. It may serve a kind before it tells.
func (c *Cluster) awaitKinds(ctx context.Context, objects []*Object) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, often, true, func(context.Context) (bool, error) {
		c.mapper.Reset()
		for _, object := range objects {
			if object.GetKind() != "CustomResourceDefinition" {
				continue
			}
			group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
			if _, last = c.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind}); last != nil {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for new kinds: %w", because(err, last))
	}
	return nil
}

// webhooksWithin is how long a webhook may refuse that just started, or that a busy
// machine has let its kubelet start again.
const webhooksWithin = 3 * time.Minute

func (c *Cluster) apply(ctx context.Context, object *Object) error {
	within, cancel := context.WithTimeout(ctx, webhooksWithin)
	defer cancel()
	var last error
	err := wait.PollUntilContextCancel(within, often, true, func(ctx context.Context) (bool, error) {
		client, err := c.client(object)
		if err != nil {
			return false, err
		}
		_, last = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true})
		return last == nil, unlessTransient(last)
	})
	if err != nil {
		return fmt.Errorf("applying %s: %w", describe(object), because(err, last))
	}
	return nil
}

// because is the end of a wait, with the last thing that went wrong until then.
func because(err, last error) error {
	if last == nil || errors.Is(err, last) {
		return err
	}
	return fmt.Errorf("%w: %w", err, last)
}

// unlessTransient is nil for what a webhook says while its pod starts.
func unlessTransient(err error) error {
	if apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err) {
		return nil
	}
	return err
}

// Get returns the object as the cluster has it.
func (c *Cluster) Get(ctx context.Context, object *Object) (*Object, error) {
	client, err := c.client(object)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, object.GetName(), metav1.GetOptions{})
}

func (c *Cluster) client(object *Object) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, fmt.Errorf("the cluster does not know %s: %w", describe(object), err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
	}
	return c.dynamic.Resource(mapping.Resource), nil
}

// describe names an object for an error.
func describe(object *Object) string {
	return fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
}

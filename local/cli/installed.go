// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// installed is an installation on a cluster.
type installed struct {
	namespace string
	kube      kubernetes.Interface
	dynamic   dynamic.Interface
}

func (k *kubeFlags) installed() (*installed, error) {
	config, err := k.config()
	if err != nil {
		return nil, err
	}
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	dyn, err := dynamic.NewForConfig(config)
	return &installed{namespace: k.namespace, kube: kube, dynamic: dyn}, err
}

// hook is where hook takes webhooks.
func (i *installed) hook(ctx context.Context) (string, error) {
	services := schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"}
	service, err := i.dynamic.Resource(services).Namespace(i.namespace).Get(ctx, "hook", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	address, _, err := unstructured.NestedString(service.Object, "status", "url")
	if err == nil && address == "" {
		err = errors.New("the Knative Service hook has no address yet")
	}
	return address + "/hook", err
}

// free is an error if one of the secrets is there.
func (i *installed) free(ctx context.Context, names ...string) error {
	for _, name := range names {
		_, err := i.kube.CoreV1().Secrets(i.namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return fmt.Errorf("the secret %s is in the namespace %s already; --overwrite replaces it", name, i.namespace)
		}
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("looking for the secret %s: %w", name, err)
		}
	}
	return nil
}

// apply makes the secrets, or gives those that are there new data.
func (i *installed) apply(ctx context.Context, secrets map[string]map[string][]byte, overwrite bool) error {
	return i.write(ctx, secrets, overwrite, nil)
}

// try does as apply would, and changes nothing: there may be no namespace, or no right.
func (i *installed) try(ctx context.Context, secrets map[string]map[string][]byte, overwrite bool) error {
	return i.write(ctx, secrets, overwrite, []string{metav1.DryRunAll})
}

func (i *installed) write(ctx context.Context, secrets map[string]map[string][]byte, overwrite bool, dryRun []string) error {
	all := i.kube.CoreV1().Secrets(i.namespace)
	for name, data := range secrets {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
		_, err := all.Create(ctx, secret, metav1.CreateOptions{DryRun: dryRun})
		if apierrors.IsAlreadyExists(err) && overwrite {
			_, err = all.Update(ctx, secret, metav1.UpdateOptions{DryRun: dryRun})
		}
		if err != nil {
			return fmt.Errorf("making the secret %s: %w", name, err)
		}
	}
	return nil
}

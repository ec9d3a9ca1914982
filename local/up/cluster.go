// SPDX-License-Identifier: Apache-2.0

package up

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/cutwater-ci/cutwater/local/manifests"
)

// applyManifests creates what of the manifests the API server itself knows:
// namespaces, service accounts and roles. The mesh honours the rest.
func applyManifests(ctx context.Context, client kubernetes.Interface, set *manifests.Set) error {
	for _, ns := range set.Namespaces {
		ns = ns.DeepCopy()
		ns.Labels = nil // Pod Security's; the node confines pods, and says what it cannot give them
		if err := created(client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})); err != nil {
			return fmt.Errorf("creating namespace %s: %w", ns.Name, err)
		}
	}
	for _, sa := range set.ServiceAccounts {
		if err := created(client.CoreV1().ServiceAccounts(sa.Namespace).Create(ctx, sa, metav1.CreateOptions{})); err != nil {
			return fmt.Errorf("creating service account %s: %w", sa.Name, err)
		}
	}
	for _, role := range set.Roles {
		if err := created(client.RbacV1().Roles(role.Namespace).Create(ctx, role, metav1.CreateOptions{})); err != nil {
			return fmt.Errorf("creating role %s: %w", role.Name, err)
		}
	}
	for _, binding := range set.RoleBindings {
		if err := created(client.RbacV1().RoleBindings(binding.Namespace).Create(ctx, binding, metav1.CreateOptions{})); err != nil {
			return fmt.Errorf("creating role binding %s: %w", binding.Name, err)
		}
	}
	return nil
}

// created passes the error of a creation on, unless the object was there.
func created(_ any, err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// kubeconfigFor writes a kubeconfig with which a service account, and its
// roles, reach the API server: an administrator's, who speaks in its name.
func kubeconfigFor(s *state, admin []byte, namespace, serviceAccount string) (string, error) {
	config, err := clientcmd.Load(admin)
	if err != nil {
		return "", err
	}
	for _, user := range config.AuthInfos {
		user.Impersonate = "system:serviceaccount:" + namespace + ":" + serviceAccount
	}
	for _, c := range config.Contexts {
		c.Namespace = namespace
	}
	content, err := clientcmd.Write(*config)
	if err != nil {
		return "", err
	}
	path := []string{"kubeconfigs", namespace + "-" + serviceAccount}
	return s.path(path...), s.write(content, path...)
}

// SPDX-License-Identifier: Apache-2.0

package up

import (
	"context"
	"errors"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// readyWithin is how long the API server may take to act on what was created.
const readyWithin = 30 * time.Second

// awaitReady waits until the API server serves ProwJobs and grants every role
// that was bound. It takes a second after the creation; whoever asks before is
// refused, and tries again only later.
func awaitReady(ctx context.Context, kube kubernetes.Interface, prowJobs versioned.Interface, set *manifests.Set) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, readyWithin, true, func(ctx context.Context) (bool, error) {
		if _, last = prowJobs.ProwV1().ProwJobs(jobNamespace).List(ctx, metav1.ListOptions{Limit: 1}); last != nil {
			return false, nil
		}
		for _, binding := range set.RoleBindings {
			if last = granted(ctx, kube, set, binding); last != nil {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the API server: %w", errors.Join(err, last))
	}
	return nil
}

// granted asks whether the binding's first subject may do what the first rule
// of its role says.
func granted(ctx context.Context, kube kubernetes.Interface, set *manifests.Set, binding *rbacv1.RoleBinding) error {
	for _, role := range set.Roles {
		if role.Namespace != binding.Namespace || role.Name != binding.RoleRef.Name {
			continue
		}
		rule, subject := role.Rules[0], binding.Subjects[0]
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "system:serviceaccount:" + subject.Namespace + ":" + subject.Name,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: binding.Namespace, Group: rule.APIGroups[0], Resource: rule.Resources[0], Verb: rule.Verbs[0],
			},
		}}
		answer, err := kube.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if !answer.Status.Allowed {
			return fmt.Errorf("%s may not yet %s %s", subject.Name, rule.Verbs[0], rule.Resources[0])
		}
	}
	return nil
}

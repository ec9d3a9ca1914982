// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/deploy"
)

// checkServer asks the API server for its version.
func checkServer(_ context.Context, p *patient) []Finding {
	config := rest.CopyConfig(p.Config)
	config.Timeout = p.Timeout
	config.Wrap(p.dates.of("the API server"))
	asking, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return []Finding{problem("%s: %v", config.Host, err)}
	}
	version, err := asking.ServerVersion()
	if err != nil {
		return []Finding{problem("%s does not answer: %v", config.Host, err).mend("see that --kubeconfig and --context name the cluster, and that it is up")}
	}
	p.reached = true
	where := config.Host
	if p.Machine != nil {
		where = "one machine, " + where
	}
	return []Finding{ok("%s, Kubernetes %s", where, version.GitVersion)}
}

// right is something that we must be allowed to, in order to look.
type right struct{ verb, group, resource, namespace string }

func (r right) String() string {
	name := r.resource
	if r.group != "" {
		name += "." + r.group
	}
	if r.namespace != "" {
		name += " in " + r.namespace
	}
	return r.verb + " " + name
}

// rights are all that the examination needs.
func (p *patient) rights() []right {
	ns := p.Namespace
	rights := []right{
		{"list", "", "namespaces", ""},
		{"list", "apiextensions.k8s.io", "customresourcedefinitions", ""},
		{"list", "", "serviceaccounts", ns},
		{"list", "", "configmaps", ns},
		{"list", "", "secrets", ns},
		{"list", "coordination.k8s.io", "leases", ns},
		{"create", "authorization.k8s.io", "subjectaccessreviews", ""},
	}
	if p.Machine != nil {
		return rights
	}
	return append(
		rights, right{"list", "apps", "deployments", ns}, right{"list", "", "pods", ns},
		right{"list", "apps", "deployments", servingNamespace}, right{"list", "apps", "deployments", eventingNamespace},
		right{"get", "", "configmaps", servingNamespace},
		right{"list", "serving.knative.dev", "services", ns}, right{"list", "eventing.knative.dev", "brokers", ns},
		right{"list", "eventing.knative.dev", "triggers", ns}, right{"list", "sources.knative.dev", "sinkbindings", ns},
		right{"list", "sources.knative.dev", "pingsources", ns},
	)
}

// checkRights asks what we may look at.
func checkRights(ctx context.Context, p *patient) []Finding {
	rights := p.rights()
	may, errs := make([]bool, len(rights)), make([]error, len(rights))
	var work sync.WaitGroup
	for i, r := range rights {
		work.Go(func() {
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: r.verb, Group: r.group, Resource: r.resource, Namespace: r.namespace},
			}}
			errs[i] = p.client.Create(ctx, review)
			may[i] = review.Status.Allowed
		})
	}
	work.Wait()
	var lacking []string
	for i, r := range rights {
		if errs[i] != nil {
			return notChecked("asking what you may do: %v", errs[i])
		}
		if !may[i] {
			lacking = append(lacking, r.String())
		}
	}
	if len(lacking) > 0 {
		return []Finding{warning("you may not %s, so that not all can be looked at", strings.Join(lacking, "; ")).mend("examine as somebody who may, such as the one who installed it")}
	}
	return []Finding{ok("you may look at everything")}
}

// applyAgain is how what deploy/ holds gets into the cluster, as docs/getting-started.md
// has it: ko puts images in place of ko://..., which nobody can pull, and the conflict is
// with the SinkBinding, which has written hook's K_SINK into the same list.
const applyAgain = "apply this version's manifests: kubectl kustomize <your overlay> | ko resolve -B -f - | kubectl apply --server-side --force-conflicts -f -"

// checkProwJob compares the CRD with the one of this version.
func checkProwJob(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.crds); blind != nil {
		return blind
	}
	want, err := deploy.CRDs()
	if err != nil {
		return []Finding{problem("%v", err)}
	}
	var found []Finding
	for _, crd := range want {
		installed := byName(p.crds.Items, crd.Name)
		switch {
		case installed == nil:
			found = append(found, problem("the CRD %s is not there", crd.Name).mend(applyAgain))
		case !established(installed):
			found = append(found, problem("the CRD %s is not established%s", crd.Name, namesOf(installed)).mend("see kubectl describe crd %s", crd.Name))
		case !reflect.DeepEqual(schemas(crd), schemas(installed)):
			found = append(found, problem("the schema of the CRD %s is that of another version, and drops fields that it does not know", crd.Name).mend(applyAgain))
		}
	}
	return orOK(found, "the CRD is there, with this version's schema")
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensionsv1.Established {
			return c.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}

// namesOf says why a CRD's names are not accepted, if they are not.
func namesOf(crd *apiextensionsv1.CustomResourceDefinition) string {
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensionsv1.NamesAccepted && c.Status == apiextensionsv1.ConditionFalse {
			return ": " + c.Message
		}
	}
	return ""
}

// schemas are the schemas of the versions that are served, as JSON means them.
func schemas(crd *apiextensionsv1.CustomResourceDefinition) map[string]any {
	found := map[string]any{}
	for _, v := range crd.Spec.Versions {
		if v.Schema == nil || !v.Served {
			continue
		}
		var schema any
		if data, err := json.Marshal(v.Schema.OpenAPIV3Schema); err == nil && json.Unmarshal(data, &schema) == nil {
			found[v.Name] = schema
		}
	}
	return found
}

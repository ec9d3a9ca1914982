// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

const (
	// oldest is the first minor release of Knative 1 in which a Trigger's filters are
	// not an experiment that must be switched on.
	oldest = 12
	// tested is the newest that Cutwater's own tests run on: v0.50 of its modules.
	tested = 23
)

// versionLabel says which version of Knative an object is of.
const versionLabel = "app.kubernetes.io/version"

// part is one of Knative's two.
type part struct {
	name, namespace string
	crd             string // one that tells that it is installed
	deployments     *appsv1.DeploymentList
}

func checkServing(_ context.Context, p *patient) []Finding {
	return p.checkPart(part{"Knative Serving", servingNamespace, "services.serving.knative.dev", &p.serving})
}

func checkEventing(_ context.Context, p *patient) []Finding {
	return p.checkPart(part{"Knative Eventing", eventingNamespace, "triggers.eventing.knative.dev", &p.eventing})
}

// checkPart looks whether a part is installed, which version, and whether all of it is up.
func (p *patient) checkPart(k part) []Finding {
	if blind := p.blind(&p.crds); blind != nil {
		return blind
	}
	crd := byName(p.crds.Items, k.crd)
	if crd == nil {
		return []Finding{problem("%s is not installed", k.name).mend("install it: https://knative.dev/docs/install/")}
	}
	label := crd.Labels[versionLabel]
	if namespace := byName(p.namespaces.Items, k.namespace); namespace != nil && namespace.Labels[versionLabel] != "" {
		label = namespace.Labels[versionLabel]
	}
	var found []Finding
	minor, known := minorOf(label)
	if known && minor < oldest {
		found = append(found, problem("version %s is too old: Triggers with filters need 1.%d", label, oldest).mend("upgrade it"))
	}
	for i := range k.deployments.Items {
		if reason := lame(&k.deployments.Items[i], nil); reason != "" {
			found = append(found, problem("the Deployment %s in %s %s", k.deployments.Items[i].Name, k.namespace, reason).
				mend("see kubectl -n %s describe deployment %s", k.namespace, k.deployments.Items[i].Name))
		}
	}
	switch {
	case len(k.deployments.Items) > 0:
		return orOK(found, "%s, %s", said(label, minor, known), count(len(k.deployments.Items), "Deployment is up", "Deployments are up"))
	case p.unseen[k.deployments] != "":
		return orOK(found, "%s; %s", said(label, minor, known), p.unseen[k.deployments])
	}
	return append(found, warning("%s, and nothing of it runs in the namespace %s", said(label, minor, known), k.namespace))
}

// said is a version in words.
func said(label string, minor int, known bool) string {
	switch {
	case label == "":
		return "a version that does not say which"
	case known && minor > tested:
		return fmt.Sprintf("version %s, newer than what was tested (1.%d)", label, tested)
	}
	return "version " + label
}

// minorOf reads "1.18.0", "v1.18" and "20240101-v1.18.0"; builds from source have none.
func minorOf(label string) (int, bool) {
	if i := strings.LastIndex(label, "-v"); i >= 0 {
		label = label[i+1:]
	}
	major, rest, _ := strings.Cut(strings.TrimPrefix(label, "v"), ".")
	digits, _, _ := strings.Cut(rest, ".")
	minor, err := strconv.Atoi(digits)
	return minor, err == nil && major == "1"
}

// lame says why a Deployment is not available; empty when it is.
func lame(d *appsv1.Deployment, pods []corev1.Pod) string {
	replicas := int32(1)
	if d.Spec.Replicas != nil {
		replicas = *d.Spec.Replicas
	}
	if replicas == 0 || d.Status.AvailableReplicas > 0 {
		return ""
	}
	var reason strings.Builder
	reason.WriteString("is not available")
	for _, c := range d.Status.Conditions {
		if (c.Type == appsv1.DeploymentAvailable || c.Type == appsv1.DeploymentReplicaFailure) && c.Message != "" &&
			(c.Status == corev1.ConditionFalse) == (c.Type == appsv1.DeploymentAvailable) {
			reason.WriteString(": " + c.Message)
		}
	}
	if waits := waitsFor(d, pods); waits != "" {
		reason.WriteString(": " + waits)
	}
	return reason.String()
}

// waitsFor is what the first container of a Deployment's pods that waits is waiting for.
func waitsFor(d *appsv1.Deployment, pods []corev1.Pod) string {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return ""
	}
	for i := range pods {
		if !selector.Matches(labels.Set(pods[i].Labels)) {
			continue
		}
		for _, c := range pods[i].Status.ContainerStatuses {
			if w := c.State.Waiting; w != nil && w.Reason != "" && w.Reason != "ContainerCreating" {
				return strings.TrimSuffix(w.Reason+": "+w.Message, ": ")
			}
		}
	}
	return ""
}

// defaultIngress is Knative's class when config-network names none.
const defaultIngress = "istio.ingress.networking.knative.dev"

// checkIngress looks who serves the functions' addresses, and whether GitHub can
// know hook's.
func checkIngress(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.functions); blind != nil {
		return blind
	}
	class := defaultIngress + ", the default"
	if set := p.network.Data["ingress-class"]; set != "" {
		class = set
	}
	hook := byName(p.functions.Items, "hook")
	if hook == nil {
		return notChecked("the function hook is not there")
	}
	if c := hook.Status.GetCondition(servingv1.ServiceConditionRoutesReady); !c.IsTrue() {
		reason := "its route is not ready"
		if c != nil && c.Message != "" {
			reason += ": " + strings.TrimSuffix(c.Message, ".")
		}
		return []Finding{problem("hook has no address, %s; the ingress class is %s", reason, class).
			mend("install that ingress, or name another as ingress-class in the ConfigMap config-network of %s", servingNamespace)}
	}
	address := p.hookURL()
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return []Finding{problem("hook's address is no URL: %q", address)}
	}
	if webhook, set := p.webhookURL(); set {
		return []Finding{ok("class %s, hook has the address %s, and GitHub sends to %s", class, address, webhook)}
	}
	inside := []string{".svc.cluster.local", ".example.com", ".local", ".127.0.0.1.sslip.io"}
	if slices.ContainsFunc(inside, func(end string) bool { return strings.HasSuffix(u.Hostname(), end) }) {
		return []Finding{warning("hook's address %s is not one that GitHub can reach", address).
			mend("set your domain in the ConfigMap config-domain of %s, or, where a proxy or a tunnel leads there, the setting webhook-url", servingNamespace)}
	}
	return []Finding{ok("class %s, hook has the address %s", class, address)}
}

// hookURL is where hook answers; empty when that is not known.
func (p *patient) hookURL() string {
	if p.Machine != nil {
		return p.Machine.Hook
	}
	if hook := byName(p.functions.Items, "hook"); hook != nil && hook.Status.URL != nil {
		return hook.Status.URL.String()
	}
	return ""
}

// webhookURL is where GitHub must send events: what is set, or else hook's address.
func (p *patient) webhookURL() (address string, set bool) {
	path := "/hook"
	for _, pr := range p.programs() {
		if pr.name != "hook" {
			continue
		}
		env := p.environment(pr)
		if env["WEBHOOK_URL"] != "" {
			return env["WEBHOOK_URL"], true
		}
		path = cmp.Or(env["WEBHOOK_PATH"], path)
	}
	if address = p.hookURL(); address != "" {
		address += path
	}
	return address, false
}

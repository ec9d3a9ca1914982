// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"knative.dev/pkg/apis"

	"github.com/cutwater-ci/cutwater/controllers"
)

// condition is how a thing is that has conditions.
type conditioned interface {
	GetCondition(t apis.ConditionType) *apis.Condition
}

// unready says why something is not ready; empty when it is.
func unready(status conditioned) string {
	c := status.GetCondition(apis.ConditionReady)
	switch {
	case c.IsTrue():
		return ""
	case c == nil:
		return "nobody has looked at it yet"
	}
	words := strings.Trim(c.Reason+": "+strings.TrimSuffix(c.Message, "."), ": ")
	if words == "" {
		words = "its condition Ready is " + string(c.Status)
	}
	return words
}

// describe is where to look further.
func (p *patient) describe(kind, name string) string {
	return fmt.Sprintf("see kubectl -n %s describe %s %s", p.Namespace, kind, name)
}

// checkFunctions looks whether each function can answer with its latest revision.
func checkFunctions(ctx context.Context, p *patient) []Finding {
	if p.Machine != nil {
		return p.checkAnswers(ctx)
	}
	if blind := p.blind(&p.functions); blind != nil {
		return blind
	}
	var found []Finding
	var names []string
	for _, want := range p.want.Functions {
		names = append(names, want.Name)
		f := byName(p.functions.Items, want.Name)
		if f == nil {
			found = append(found, problem("%s is not there", want.Name).mend(applyAgain))
			continue
		}
		reason := unready(&f.Status)
		created, ready := f.Status.LatestCreatedRevisionName, f.Status.LatestReadyRevisionName
		switch {
		case f.Generation != f.Status.ObservedGeneration:
			found = append(found, warning("Knative has not yet taken up the last change of %s", f.Name).mend("wait, or see to Knative Serving"))
		case reason != "" && ready != "":
			found = append(found, problem("%s runs an older revision, %s, for the latest is not ready: %s", f.Name, ready, reason).mend("%s", p.describe("revision", created)))
		case reason != "":
			found = append(found, problem("%s is not ready: %s", f.Name, reason).mend("%s", p.describe("ksvc", f.Name)))
		case created != ready:
			found = append(found, warning("%s still runs the revision %s; %s is on its way", f.Name, ready, created).mend("wait"))
		}
	}
	return orOK(found, "%s are ready", enumerate(names))
}

// checkAnswers asks the functions of one machine.
func (p *patient) checkAnswers(ctx context.Context) []Finding {
	var found []Finding
	for _, f := range []struct{ name, url string }{{"hook", p.Machine.Hook}, {"deck", p.Machine.Deck}} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
		if err != nil {
			return []Finding{problem("%s: %v", f.name, err)}
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			found = append(found, problem("%s does not answer at %s: %v", f.name, f.url, err).mend("start `cutwater up` again"))
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode >= http.StatusInternalServerError {
			found = append(found, problem("%s answers at %s with %s", f.name, f.url, response.Status).mend("see the file log in the state folder"))
		}
	}
	return orOK(found, "hook answers at %s, deck at %s", p.Machine.Hook, p.Machine.Deck)
}

// checkController looks whether the controller runs.
func checkController(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.deployments); blind != nil {
		return blind
	}
	var found []Finding
	var up []string
	for _, want := range p.want.Deployments {
		d := byName(p.deployments.Items, want.Name)
		if d == nil {
			found = append(found, problem("the Deployment %s is not there", want.Name).mend(applyAgain))
			continue
		}
		replicas := int32(1)
		if d.Spec.Replicas != nil {
			replicas = *d.Spec.Replicas
		}
		up = append(up, fmt.Sprintf("%d of %d replicas of %s are up", d.Status.AvailableReplicas, replicas, d.Name))
		switch reason := lame(d, p.pods.Items); {
		case replicas == 0:
			found = append(found, problem("%s is scaled to 0: no job starts, nothing is reported", d.Name).mend("kubectl -n %s scale deployment %s --replicas=2", p.Namespace, d.Name))
		case reason != "":
			found = append(found, problem("%s %s", d.Name, reason).mend("%s", p.describe("deployment", d.Name)))
		case d.Status.AvailableReplicas < replicas:
			found = append(found, warning("%d of %d replicas of %s are up", d.Status.AvailableReplicas, replicas, d.Name).mend("%s", p.describe("deployment", d.Name)))
		}
	}
	return orOK(found, "%s", strings.Join(up, ", "))
}

// checkLeases looks whether a controller works: each of them renews a lease.
func checkLeases(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.leases); blind != nil {
		return blind
	}
	var found []Finding
	var held []string
	for i := range p.leases.Items {
		spec := &p.leases.Items[i].Spec
		name := p.leases.Items[i].Name
		if name == controllers.WaitingLease {
			continue
		}
		if spec.HolderIdentity == nil || *spec.HolderIdentity == "" || spec.RenewTime == nil || spec.LeaseDurationSeconds == nil {
			found = append(found, warning("nobody holds %s", name).mend("see that the controller is up, and its log"))
			continue
		}
		age := p.Now().Sub(spec.RenewTime.Time)
		if age < 0 { // the past says nothing
			p.dates.saw("the controller "+*spec.HolderIdentity, -age)
		}
		if life := time.Duration(*spec.LeaseDurationSeconds) * time.Second; age > life+near {
			found = append(found, problem("%s has not renewed %s since %s", *spec.HolderIdentity, name, spec.RenewTime.UTC().Format(time.RFC3339)).
				mend("see that the controller is up, and its log"))
			continue
		}
		held = append(held, fmt.Sprintf("%s by %s", name, *spec.HolderIdentity))
	}
	switch {
	case len(found)+len(held) == 0 && p.Machine != nil:
		return notChecked("the one controller of this machine needs no lease")
	case len(found)+len(held) == 0:
		return []Finding{problem("the controller has never held a lease").mend("see that it is up, and its log")}
	}
	return orOK(found, "held: %s", strings.Join(held, ", "))
}

// count is a number of things in words.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// enumerate is a list in words.
func enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// settingsName is the ConfigMap with what differs between installations.
const settingsName = "settings"

// checkNamespaces looks whether namespaces and service accounts are there, and
// whether config.yaml speaks of the same ones.
func checkNamespaces(ctx context.Context, p *patient) []Finding {
	if blind := p.blind(&p.namespaces, &p.accounts); blind != nil {
		return blind
	}
	if p.homeless() {
		return []Finding{problem("the namespace %s is not there", p.Namespace).mend("name another with --namespace, or " + applyAgain)}
	}
	var found []Finding
	var accounts []string
	home := p.want.Deployments[0].Namespace
	for _, want := range p.want.ServiceAccounts {
		if want.Namespace != home {
			continue
		}
		accounts = append(accounts, want.Name)
		if byName(p.accounts.Items, want.Name) == nil {
			found = append(found, problem("the service account %s is not there", want.Name).mend(applyAgain))
		}
	}
	c := p.configuration(ctx).Config
	if c == nil {
		return append(orOK(found, "%s, with the service accounts %s", p.Namespace, enumerate(accounts)),
			Finding{Level: NotChecked, Message: "which namespaces config.yaml names, since it cannot be read"})
	}
	if c.ProwJobNamespace != p.Namespace {
		found = append(found, problem("config.yaml has ProwJobs in %s, and the installation is in %s", c.ProwJobNamespace, p.Namespace).mend("set prowjob_namespace: %s", p.Namespace))
	}
	if byName(p.namespaces.Items, c.PodNamespace) == nil {
		found = append(found, problem("the namespace %s of the jobs' pods is not there", c.PodNamespace).mend("set pod_namespace in config.yaml, or "+applyAgain))
	}
	return orOK(found, "%s and %s, with the service accounts %s", p.Namespace, c.PodNamespace, enumerate(accounts))
}

// checkSettings looks whether each setting that a program reads is there, and
// whether somebody reads each that is there.
func checkSettings(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.configMaps, &p.functions, &p.deployments); blind != nil {
		return blind
	}
	type key struct{ configMap, key string }
	users := map[key][]string{}
	for _, pr := range p.programs() {
		for _, v := range pr.variables() {
			if v.ValueFrom == nil || v.ValueFrom.ConfigMapKeyRef == nil {
				continue
			}
			if ref := v.ValueFrom.ConfigMapKeyRef; ref.Optional == nil || !*ref.Optional {
				users[key{ref.Name, ref.Key}] = append(users[key{ref.Name, ref.Key}], pr.name)
			}
		}
	}
	var found []Finding
	missing := map[string]bool{}
	for _, k := range slices.SortedFunc(maps.Keys(users), func(a, b key) int {
		return strings.Compare(a.configMap+"/"+a.key, b.configMap+"/"+b.key)
	}) {
		cm := byName(p.configMaps.Items, k.configMap)
		if cm == nil {
			if !missing[k.configMap] {
				found = append(found, problem("the ConfigMap %s is not there, and %s cannot start", k.configMap, enumerate(users[k])).mend(applyAgain))
			}
			missing[k.configMap] = true
		} else if _, has := cm.Data[k.key]; !has {
			found = append(found, problem("the ConfigMap %s has no key %s, and %s cannot start", k.configMap, k.key, enumerate(users[k])).mend(applyAgain))
		}
	}
	if cm := byName(p.configMaps.Items, settingsName); cm != nil {
		for _, name := range slices.Sorted(maps.Keys(cm.Data)) {
			if users[key{settingsName, name}] == nil {
				found = append(found, warning("nobody reads the key %s of the ConfigMap %s", name, settingsName).mend("look for a slip of the pen"))
			}
		}
	}
	return orOK(found, "each that is read is there, each that is there is read")
}

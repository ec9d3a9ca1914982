// SPDX-License-Identifier: Apache-2.0

package configdiff

import (
	"fmt"
	"maps"
	"strings"

	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// jobSpecKey is where a pod's tree has what every container is told of the job.
const jobSpecKey = "JOB_SPEC"

// podTree makes a pod comparable, with each thing in one place: the options of
// the pod utilities are read; what entrypoint runs is the container's command;
// and what every container is told of the job is there once.
func podTree(pod map[string]any) map[string]any {
	delete(pod, "status")
	root, _ := tree(pod, "").(map[string]any)
	spec, _ := root["spec"].(map[string]any)
	for _, key := range []string{"initContainers", "containers"} {
		containers, ok := spec[key].(keyed)
		if !ok {
			continue
		}
		for _, container := range containers.items {
			if c, ok := container.(map[string]any); ok {
				unwrap(root, c)
			}
		}
	}
	return root
}

// unwrap takes out of a container what the pod's tree has elsewhere.
func unwrap(root, container map[string]any) {
	env, ok := container["env"].(keyed)
	if !ok {
		return
	}
	if spec, ok := env.items[jobspec.EnvName]; ok {
		root[jobSpecKey] = spec
		env.remove(jobspec.EnvName)
	}
	if entry, ok := env.items[wrapper.EntrypointEnv].(embedded); ok {
		if options, ok := parse(entry.text).(map[string]any); ok {
			container["command"] = options["args"]
			delete(options, "args")
			env.items[wrapper.EntrypointEnv] = options
		}
	}
	if sidecar, ok := env.items[options.SidecarEnv].(embedded); ok {
		env.items[options.SidecarEnv] = embedded{text: sidecar.text, without: "entries"} // those of the containers' entrypoints
	}
}

// embedded is a text that is JSON itself. It is read only where it differs.
type embedded struct {
	text string
	// without is a key to leave out.
	without string
}

func (e embedded) tree() any {
	parsed := parse(e.text)
	if fields, ok := parsed.(map[string]any); ok {
		delete(fields, e.without)
	}
	return tree(parsed, "")
}

// keyed is a list whose elements have names.
type keyed struct {
	// order are the names as they come.
	order *[]string
	items map[string]any
}

func (k keyed) remove(name string) {
	delete(k.items, name)
	kept := (*k.order)[:0]
	for _, each := range *k.order {
		if each != name {
			kept = append(kept, each)
		}
	}
	*k.order = kept
}

// nameKey is the key by which elements of a list are known, "" for none.
func nameKey(list string) string {
	switch list {
	case "containers", "initContainers", "volumes", "imagePullSecrets", "env":
		return "name"
	case "volumeMounts":
		return "mountPath"
	}
	return ""
}

// tree makes JSON comparable: lists of things with names are by name, and JSON
// in the environment is read. at is the key that v is at.
func tree(v any, at string) any {
	switch v := v.(type) {
	case map[string]any:
		made := make(map[string]any, len(v))
		for key, value := range v {
			made[key] = tree(value, key)
		}
		return made
	case []any:
		if named, ok := byName(v, at); ok {
			return named
		}
		made := make([]any, len(v))
		for i, each := range v {
			made[i] = tree(each, "")
		}
		return made
	}
	return v
}

// byName is a list by the names of its elements, if they have any. The second
// of a name, such as a variable of the job that decoration sets again, is name#2.
func byName(list []any, at string) (keyed, bool) {
	key := nameKey(at)
	if key == "" {
		return keyed{}, false
	}
	k := keyed{order: &[]string{}, items: map[string]any{}}
	for _, each := range list {
		fields, ok := each.(map[string]any)
		if !ok {
			return keyed{}, false
		}
		given, ok := fields[key].(string)
		if !ok {
			return keyed{}, false
		}
		name := given
		for n := 2; k.items[name] != nil; n++ {
			name = fmt.Sprintf("%s#%d", given, n)
		}
		*k.order = append(*k.order, name)
		if at == "env" {
			k.items[name] = variable(fields)
			continue
		}
		rest := maps.Clone(fields)
		delete(rest, key)
		k.items[name] = tree(rest, "")
	}
	return k, true
}

// variable is an environment variable's value, or where it comes from.
func variable(fields map[string]any) any {
	if from, ok := fields["valueFrom"]; ok {
		return map[string]any{"valueFrom": from}
	}
	value, _ := fields["value"].(string)
	if strings.HasPrefix(value, "{") {
		return embedded{text: value}
	}
	return value
}

// SPDX-License-Identifier: Apache-2.0

package up

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	// jobNamespace holds ProwJobs, functions and controllers, as in deploy/.
	jobNamespace = "cutwater"
	// podNamespace holds the pods of jobs, as in deploy/.
	podNamespace = "test-pods"
	// imagePrefix is of the images that local/node maps to our programs.
	imagePrefix = "cutwater.local/"
)

// utilities are the pod utilities, which run from programs of this machine.
func utilities() []string { return []string{"clonerefs", "initupload", "entrypoint", "sidecar"} }

// containerInit is the program that becomes each container.
const containerInit = "container-init"

// document is a YAML document as it stands.
type document map[string]any

// section is the document below a key, made if need be. One of another type
// stays as it is, for the loader to complain about.
func (d document) section(key string) document {
	switch found := d[key].(type) {
	case document:
		return found
	case map[string]any:
		return found
	case nil:
		made := document{}
		d[key] = made
		return made
	}
	return document{}
}

// readDocument reads a YAML file; no name gives an empty document.
func readDocument(path string) (document, error) {
	d := document{}
	if path == "" {
		return d, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(content, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// localConfig fits a config.yaml to this machine: the namespaces, the bucket
// and the utilities are the machine's own, and everything else stays.
func localConfig(config document, bucket, deck string) document {
	config["prowjob_namespace"] = jobNamespace
	config["pod_namespace"] = podNamespace
	if _, ok := config["in_repo_config"]; !ok {
		config["in_repo_config"] = document{"enabled": document{"*": true}}
	}
	plank := config.section("plank")
	plank["job_url_prefix_config"] = document{"*": deck + "/view/"}
	delete(plank, "job_url_template") // it would lead to another page
	images := document{}
	for _, name := range utilities() {
		images[name] = imagePrefix + name
	}
	local := document{"config": document{
		"timeout": "1h", "grace_period": "15s",
		"utility_images":         images,
		"gcs_configuration":      document{"bucket": bucket, "path_strategy": "explicit"},
		"gcs_credentials_secret": "", // a folder needs none
		"s3_credentials_secret":  "",
	}}
	entries, _ := plank["default_decoration_config_entries"].([]any)
	entries = append(entriesOf(plank), entries...)
	delete(plank, "default_decoration_configs")
	// A later entry overrides, but a user's own timeouts are to stay.
	if len(entries) > 0 {
		delete(local.section("config"), "timeout")
		delete(local.section("config"), "grace_period")
	}
	plank["default_decoration_config_entries"] = append(entries, local)
	return config
}

// entriesOf turns the map form of the decoration defaults into the list form,
// which can be added to: "*" first, then orgs, then repos.
func entriesOf(plank document) []any {
	byRepo := plank.section("default_decoration_configs")
	keys := slices.SortedFunc(maps.Keys(byRepo), func(a, b string) int {
		rank := func(key string) int {
			switch {
			case key == "*":
				return 0
			case !strings.Contains(key, "/"):
				return 1
			}
			return 2
		}
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var entries []any
	for _, key := range keys {
		entries = append(entries, document{"repo": key, "config": byRepo[key]})
	}
	return entries
}

// localPlugins are the plugins of an organisation that brings no plugins.yaml.
func localPlugins(org string) document {
	return document{
		"plugins":  document{org: document{"plugins": []any{"trigger", "hold"}}},
		"triggers": []any{document{"repos": []any{org}}},
	}
}

// writeConfiguration puts config.yaml and plugins.yaml into the state folder.
func writeConfiguration(s *state, opts Options, org, bucket, deck string) error {
	config, err := readDocument(opts.Config)
	if err != nil {
		return err
	}
	plugins := localPlugins(org)
	if opts.Plugins != "" {
		if plugins, err = readDocument(opts.Plugins); err != nil {
			return err
		}
	}
	for name, d := range map[string]document{"config": localConfig(config, bucket, deck), "plugins": plugins} {
		content, err := yaml.Marshal(d)
		if err != nil {
			return err
		}
		if err := s.write(content, "configmaps", name, name+".yaml"); err != nil {
			return err
		}
	}
	if _, err := s.mkdir("configmaps", "job-config"); err != nil {
		return err
	}
	return nil
}

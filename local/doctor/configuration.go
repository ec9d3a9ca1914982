// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/config"
	configcheck "github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// The variables that name the parts of a configuration.
const (
	configPath          = "CONFIG_PATH"
	jobConfigPath       = "JOB_CONFIG_PATH"
	pluginConfig        = "PLUGIN_CONFIG"
	supplementalConfig  = "SUPPLEMENTAL_PROW_CONFIG_DIRS"
	supplementalPlugins = "SUPPLEMENTAL_PLUGIN_CONFIG_DIRS"
)

// shownErrors is how many errors of a configuration are shown.
const shownErrors = 3

// checkConfiguration loads what the functions load.
func checkConfiguration(ctx context.Context, p *patient) []Finding {
	c := p.configuration(ctx)
	if c.unread != "" {
		return notChecked("%s", c.unread)
	}
	var found []Finding
	errors, warnings := 0, 0
	for i := range c.findings {
		f := &c.findings[i]
		switch f.Level {
		case configcheck.Notice:
		case configcheck.Warning:
			warnings++
		case configcheck.Error:
			if errors++; errors <= shownErrors {
				found = append(found, problem("%s", p.said(f)).mend("mend the file, and try it with `cutwater check`"))
			}
		}
	}
	if errors > shownErrors {
		found = append(found, problem("and %s", count(errors-shownErrors, "error more", "errors more")).mend("see `cutwater check`"))
	}
	jobs := 0
	if c.Config != nil {
		for range c.Config.Jobs.All() {
			jobs++
		}
	}
	told := ""
	if warnings > 0 {
		told = ", and `cutwater check` has " + count(warnings, "warning", "warnings")
	}
	return orOK(found, "loads, with %s%s", count(jobs, "job", "jobs"), told)
}

// said is a finding with its place in a ConfigMap.
func (p *patient) said(f *configcheck.Finding) string {
	text := f.Message
	if f.Path != "" {
		text = f.Path + ": " + text
	}
	file := strings.TrimPrefix(f.File, filepath.Join(p.dir, "configmaps")+"/")
	if f.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", file, f.Line, text)
	}
	return fmt.Sprintf("%s: %s", file, text)
}

// loadConfiguration reads the configuration as plugins does, which reads all of it.
func (p *patient) loadConfiguration(ctx context.Context) configuration {
	files, unread := p.configurationFiles()
	if unread != "" {
		return configuration{unread: unread}
	}
	input, found := configcheck.Load(ctx, files)
	selected, _, err := configcheck.Selection{}.Select()
	if err != nil {
		return configuration{unread: err.Error()}
	}
	return configuration{Input: input, findings: configcheck.Run(input, selected, found).Findings}
}

// configurationFiles puts the ConfigMaps where they can be loaded from.
func (p *patient) configurationFiles() (files configcheck.Files, unread string) {
	if p.Machine != nil {
		at := func(elements ...string) string {
			return filepath.Join(append([]string{p.Machine.ConfigMaps}, elements...)...)
		}
		return configcheck.Files{
			Config:  config.Files{Config: at("config", "config.yaml"), Jobs: at("job-config")},
			Plugins: plugins.Files{Config: at("plugins", "plugins.yaml")},
		}, ""
	}
	if blind := p.blind(&p.functions, &p.configMaps); blind != nil {
		return files, blind[0].Message
	}
	pr := p.reading(configPath, pluginConfig)
	if pr == nil {
		return files, "the function plugins, which reads all of it, is not there"
	}
	env := p.environment(*pr)
	at := func(path string) string {
		if path == "" || unread != "" {
			return ""
		}
		var written string
		written, unread = p.keepConfigMap(*pr, path)
		return written
	}
	each := func(paths string) []string {
		var all []string
		for path := range strings.SplitSeq(paths, ",") {
			if written := at(strings.TrimSpace(path)); written != "" {
				all = append(all, written)
			}
		}
		return all
	}
	files = configcheck.Files{
		Config:  config.Files{Config: at(env[configPath]), Jobs: at(env[jobConfigPath]), SupplementalConfigDirs: each(env[supplementalConfig])},
		Plugins: plugins.Files{Config: at(env[pluginConfig]), SupplementalDirs: each(env[supplementalPlugins])},
	}
	return files, unread
}

// keepConfigMap writes the ConfigMap that is mounted at a path of a program, and
// returns where the path is now.
func (p *patient) keepConfigMap(pr program, path string) (written, unread string) {
	at, err := pr.placeOf(path)
	if err != nil || at.configMap == "" {
		return "", fmt.Sprintf("%s reads %s, which is not of a ConfigMap", pr.name, path)
	}
	cm := byName(p.configMaps.Items, at.configMap)
	if cm == nil {
		return "", "the ConfigMap " + at.configMap + " is not there"
	}
	folder := []string{"configmaps", at.configMap}
	if err := os.MkdirAll(filepath.Join(append([]string{p.dir}, folder...)...), 0o700); err != nil { // one may have no keys
		return "", err.Error()
	}
	contents := map[string][]byte{}
	for key, text := range cm.Data {
		contents[key] = []byte(text)
	}
	maps.Copy(contents, cm.BinaryData)
	for key, content := range contents {
		if _, err := p.keep(content, append(folder, key)...); err != nil {
			return "", err.Error()
		}
	}
	return filepath.Join(append([]string{p.dir}, append(folder, at.key)...)...), ""
}

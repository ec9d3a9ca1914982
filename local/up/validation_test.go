// SPDX-License-Identifier: Apache-2.0

package up

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBrokenConfiguration starts machines with configurations that are wrong:
// all errors come before anything is started, in the user's files.
func TestBrokenConfiguration(t *testing.T) {
	programs := t.TempDir()
	for _, name := range append(utilities(), containerInit) {
		write(t, programs, name, "")
	}
	for _, tc := range []struct {
		name                  string
		config, plugins, jobs string
		want                  []string
	}{
		{
			name:    "every file",
			config:  "log_level: loud\nplank:\n  max_concurrency: -1\n  pod_pending_timeout: soon\n",
			plugins: "plugins:\n  org:\n    plugins: [trigger]\ntriggers:\n- repos: [org]\n  join_org_url: [7]\n",
			jobs:    "presubmits:\n  org/repo:\n  - name: bad name\n    always_run: true\n    spec: {containers: [{image: alpine}]}\n",
			want: []string{
				"the configuration is wrong:",
				"config.yaml:1: log_level: invalid value: loud: want debug, info, warn, warning, error, fatal or panic",
				"config.yaml:3: plank.max_concurrency: invalid value: -1: want 0 or more",
				`config.yaml:4: plank.pod_pending_timeout: time: invalid duration "soon"`,
				`jobs.yaml:3: presubmits[org/repo][0].name: presubmit bad name: "bad name" does not match ^[A-Za-z0-9-._]+$`,
				"plugins.yaml:6: triggers[0].join_org_url: is a list, want a string",
			},
		},
		{
			name:   "no YAML",
			config: "plank:\n  max_concurrency: [1\n",
			want:   []string{"the configuration is wrong:", "config.yaml:1: is not YAML: did not find expected ',' or ']'"},
		},
		{
			name:   "what this machine adds is not missing, what is wrong is",
			config: "presubmits:\n  org/repo:\n  - {name: unit, decorate: true, always_run: true, max_concurrency: -1, spec: {containers: [{image: a, command: [b]}]}}\n",
			want: []string{
				"the configuration is wrong:",
				"config.yaml:3: presubmits[org/repo][0].max_concurrency: presubmit unit: -1 is less than 0",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			opts := Options{State: filepath.Join(dir, "state"), Programs: programs}
			for _, file := range []struct {
				name, content string
				option        *string
			}{{"config.yaml", tc.config, &opts.Config}, {"plugins.yaml", tc.plugins, &opts.Plugins}, {"jobs.yaml", tc.jobs, &opts.Jobs}} {
				if file.content != "" {
					*file.option = write(t, dir, file.name, file.content)
				}
			}
			_, err := Start(t.Context(), opts)
			if err == nil {
				t.Fatal("the machine started")
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), dir+"/", ""), "\n")
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := os.Stat(opts.State); !os.IsNotExist(err) {
				t.Errorf("the state folder was made (%v)", err)
			}
		})
	}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

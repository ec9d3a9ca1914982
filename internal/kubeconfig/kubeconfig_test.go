// SPDX-License-Identifier: Apache-2.0

package kubeconfig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/kubeconfig"
)

const file = `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:1"}}]
`

func TestLoad(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // not in a cluster
	good := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(good, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, host, err string }{
		{name: "a file", path: good, host: "http://127.0.0.1:1"},
		{name: "no such file", path: good + "2", err: "reading KUBECONFIG: "},
		{name: "no file and no cluster", err: "(or set KUBECONFIG): "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config, err := kubeconfig.Load(tc.path)
			switch {
			case tc.err != "":
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error is %v, want one with %q", err, tc.err)
				}
			case err != nil:
				t.Error(err)
			case config.Host != tc.host:
				t.Errorf("host is %q, want %q", config.Host, tc.host)
			}
		})
	}
}

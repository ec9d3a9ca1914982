// SPDX-License-Identifier: Apache-2.0

package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// installations are what kustomize makes of base, of each overlay, and of each
// component in a copy of an overlay, as docs/getting-started.md has it.
func installations(t *testing.T) map[string]*manifests.Set {
	t.Helper()
	fsys := filesys.MakeFsInMemory()
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return fsys.WriteFile(path, content)
	})
	if err != nil {
		t.Fatal(err)
	}
	own := func(overlay, component string) string {
		dir := "overlays/mine-" + component
		files, err := filepath.Glob("overlays/" + overlay + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content := read(t, file)
			switch filepath.Base(file) {
			case "kustomization.yaml":
				content += "components: [../../components/" + component + "]\n"
			case "settings.yaml":
				if component == "irsa" { // as overlays/s3 says
					content = regexp.MustCompile(`(?m)^  s3-credentials-file:.*\n`).ReplaceAllString(content, "")
				}
			}
			if err := fsys.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	sets := map[string]*manifests.Set{}
	for name, dir := range map[string]string{
		"base": "base", "kind": "overlays/kind", "gcs": "overlays/gcs", "s3": "overlays/s3",
		"github-app": own("kind", "github-app"), "always-on": own("gcs", "always-on"), "irsa": own("s3", "irsa"),
	} {
		sets[name] = build(t, fsys, dir)
	}
	return sets
}

// build runs kustomize, as `kubectl kustomize` would.
func build(t *testing.T, fsys filesys.FileSystem, dir string) *manifests.Set {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fsys, dir)
	if err != nil {
		t.Fatalf("kustomize build deploy/%s: %v", dir, err)
	}
	content, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifests.Load(fstest.MapFS{dir + ".yaml": {Data: content}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Every overlay and component is one that installations builds.
func TestEveryOverlayIsBuilt(t *testing.T) {
	built := installations(t)
	for _, pattern := range []string{"overlays/*", "components/*"} {
		dirs, err := filepath.Glob(pattern)
		if err != nil || len(dirs) == 0 {
			t.Fatalf("%s: %v, %v", pattern, dirs, err)
		}
		for _, dir := range dirs {
			switch dir {
			case "components/monitoring": // TestAlerts does
				continue
			case "overlays/mine": // the user's own, as docs/getting-started.md says
				continue
			}
			if built[filepath.Base(dir)] == nil {
				t.Errorf("no test builds deploy/%s", dir)
			}
		}
	}
}

// What a component is for.
func TestComponents(t *testing.T) {
	sets := installations(t)
	settings := func(installation string) map[string]string {
		for _, cm := range sets[installation].ConfigMaps {
			if cm.Name == "settings" {
				return cm.Data
			}
		}
		return nil
	}
	if s := settings("github-app"); s["github-token-path"] != "" || s["github-app-private-key-path"] != "/etc/github-app/private-key" {
		t.Errorf("github-app: settings %v", s)
	}
	if s := settings("irsa"); s["s3-credentials-file"] != "" {
		t.Errorf("irsa: settings %v", s)
	}
	for _, file := range []string{"overlays/s3/kustomization.yaml", "../docs/getting-started.md"} {
		if text := read(t, file); !regexp.MustCompile(`(?s)irsa.*s3-credentials-file|s3-credentials-file.*irsa`).MatchString(text) {
			t.Errorf("%s does not say that settings.yaml must do without s3-credentials-file", file)
		}
	}
	identities := map[string]string{"irsa": "eks.amazonaws.com/role-arn", "gcs": "iam.gke.io/gcp-service-account"}
	for installation, annotation := range identities {
		for _, sa := range sets[installation].ServiceAccounts {
			uses := mounts(pods(sets[installation])[sa.Name], "bucket-credentials")
			if got := sa.Annotations[annotation] != ""; got != uses {
				t.Errorf("%s: service account %s has an identity: %t, uses the bucket: %t", installation, sa.Name, got, uses)
			}
		}
	}
	for _, f := range sets["always-on"].Functions {
		want := map[string]string{"hook": "1", "plugins": "1"}[f.Name]
		if got := f.Spec.Template.Annotations["autoscaling.knative.dev/min-scale"]; got != want {
			t.Errorf("always-on: min-scale of %s is %q, want %q", f.Name, got, want)
		}
	}
}

// configurationLoads: the files that we ship as examples are right.
func configurationLoads(t *testing.T, set *manifests.Set) {
	dir := t.TempDir()
	for _, cm := range set.ConfigMaps {
		for name, content := range cm.Data {
			if cm.Name == "settings" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	c, err := config.Load(t.Context(), config.Files{Config: filepath.Join(dir, "config.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if c.ProwJobNamespace != "cutwater" || c.PodNamespace != "test-pods" {
		t.Errorf("namespaces %s and %s are not those of the manifests", c.ProwJobNamespace, c.PodNamespace)
	}
	if _, err := plugins.Load(t.Context(), plugins.Files{Config: filepath.Join(dir, "plugins.yaml")}); err != nil {
		t.Error(err)
	}
}

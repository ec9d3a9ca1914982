// SPDX-License-Identifier: Apache-2.0

package deploy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// metricName is what names of our metrics look like.
var metricName = regexp.MustCompile(`\b(?:prow|prowjobs?|cutwater|crier|sinker|tide)(?:_[a-z]+)+\b|\bprowjobs\b`)

// Every metric stands in the table of docs/operations.md, and nothing else does.
func TestMetricsAreDocumented(t *testing.T) {
	code := metrics(t)
	_, table, _ := strings.Cut(read(t, "../docs/operations.md"), "\n## Metrics\n")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[string]bool{}
	for _, name := range metricName.FindAllString(table, -1) {
		documented[name] = true
	}
	for name := range code {
		if !documented[name] {
			t.Errorf("docs/operations.md says nothing of %s", name)
		}
	}
	for name := range documented {
		if !code[name] {
			t.Errorf("docs/operations.md has %s, which no program has", name)
		}
	}
}

// Alerts ask for metrics that there are, and docs/operations.md says what to do.
func TestAlerts(t *testing.T) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "components/monitoring")
	if err != nil || resources.Size() != 2 {
		t.Fatalf("kustomize build components/monitoring: %v", err)
	}
	var alerts struct {
		Spec struct {
			Groups []struct {
				Rules []struct{ Alert, Expr string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "components/monitoring/alerts.yaml")), &alerts); err != nil {
		t.Fatal(err)
	}
	code, docs := metrics(t), read(t, "../docs/operations.md")
	for _, group := range alerts.Spec.Groups {
		for _, rule := range group.Rules {
			used := metricName.FindAllString(rule.Expr, -1)
			if len(used) == 0 {
				t.Errorf("%s asks for no metric: %s", rule.Alert, rule.Expr)
			}
			for _, name := range used {
				if !code[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")] {
					t.Errorf("%s asks for %s, which no program has", rule.Alert, name)
				}
			}
			if strings.Contains(rule.Expr, "increase(") {
				t.Errorf("%s misses what a counter begins with, which may be all: %s", rule.Alert, rule.Expr)
			}
			if !strings.Contains(docs, "`"+rule.Alert+"`") {
				t.Errorf("docs/operations.md does not say what to do about %s", rule.Alert)
			}
		}
	}
}

// What docs/getting-started.md says that the App asks for is what it does ask for.
func TestAppIsDocumented(t *testing.T) {
	want := map[string]string{}
	for _, p := range github.AppPermissions() {
		want[p.Name] = p.Access
	}
	text := read(t, "../docs/getting-started.md")
	got := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (read|write) \\|$").FindAllStringSubmatch(text, -1) {
		got[row[1]] = row[2]
	}
	if !maps.Equal(got, want) {
		t.Errorf("docs/getting-started.md: permissions %v, want %v", got, want)
	}
	var events []string
	for _, e := range github.AppEvents() {
		events = append(events, "`"+e.Name+"`")
	}
	if line := "Events: " + strings.Join(events, ", ") + "."; !strings.Contains(text, line) {
		t.Errorf("docs/getting-started.md lacks the line\n%s", line)
	}
}

// Paths of deploy/ in the docs are there.
func TestDocsNameWhatExists(t *testing.T) {
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatal(docs, err)
	}
	for _, path := range append(docs, "../README.md") {
		for _, name := range regexp.MustCompile(`\bdeploy/[a-z0-9/_.-]*[a-z0-9]`).FindAllString(read(t, path), -1) {
			if _, err := os.Stat(filepath.Join("..", name)); err != nil && name != "deploy/overlays/mine" {
				t.Errorf("%s names %s: %v", path, name, err)
			}
		}
	}
}

// metrics are the names of all metrics that the programs have: what looks like one
// and is a Name, or the first argument of a call, in a file that imports Prometheus.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, root := range []string{"../config", "../controllers", "../functions", "../internal"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil || !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return strings.Contains(i.Path.Value, "prometheus/client_golang") }) {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				var named ast.Expr
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Name" {
						named = n.Value
					}
				case *ast.CallExpr:
					if len(n.Args) > 1 {
						named = n.Args[0]
					}
				}
				if literal, ok := named.(*ast.BasicLit); ok {
					if name, err := strconv.Unquote(literal.Value); err == nil && name != "" && metricName.FindString(name) == name {
						found[name] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 10 {
		t.Fatalf("found only %v", found)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// goldenLine is a line of golden.jsonl.gz, as far as environment and places go.
type goldenLine struct {
	Job     string
	ProwJob prowv1.ProwJob
	Env     map[string]string
	GCSPath string `json:"gcs_path"`
	JobURL  string `json:"job_url"`
}

const buildID = "1700000000000000000"

func TestGoldenPlaces(t *testing.T) {
	dir := goldens.Dir(t)
	for pattern, config := range map[string]string{"*/golden.jsonl.gz": ".", "*/*/golden.jsonl.gz": ".."} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
				urls := readURLs(t, filepath.Join(filepath.Dir(file), config, "config.yaml"))
				goldens.Lines(t, file, func(line goldenLine) { checkPlaces(t, line, urls) })
			})
		}
	}
}

func checkPlaces(t *testing.T, line goldenLine, urls layout.URLs) {
	t.Helper()
	pj := &line.ProwJob
	pj.Status.BuildID = buildID
	spec := jobspec.Of(pj)
	if line.Env != nil {
		got, err := spec.Env()
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(line.Env, got) {
			t.Errorf("%s: environment (-want +got):\n%s", line.Job, cmp.Diff(line.Env, got))
		}
	}
	if line.GCSPath == "" {
		return
	}
	if got := layout.RunDir(pj.Spec.DecorationConfig.GCSConfiguration, &spec); got != line.GCSPath {
		t.Errorf("%s: run's folder is %q, want %q", line.Job, got, line.GCSPath)
	}
	got, err := layout.JobURL(pj, urls)
	if err != nil {
		t.Fatal(err)
	}
	if got != line.JobURL {
		t.Errorf("%s: URL is %q, want %q", line.Job, got, line.JobURL)
	}
}

// readURLs reads what config.yaml says of URLs; the whole of it is for the
// config package.
func readURLs(t *testing.T, file string) layout.URLs {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Plank struct {
			JobURLTemplate     string            `json:"job_url_template"`
			JobURLPrefixConfig map[string]string `json:"job_url_prefix_config"`
			OmitProvider       bool              `json:"jobURLPrefixDisableAppendStorageProvider"`
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return layout.URLs{
		Prefixes:     config.Plank.JobURLPrefixConfig,
		OmitProvider: config.Plank.OmitProvider,
		Template:     template.Must(template.New("job_url_template").Parse(config.Plank.JobURLTemplate)),
	}
}

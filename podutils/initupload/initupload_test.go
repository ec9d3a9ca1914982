// SPDX-License-Identifier: Apache-2.0

package initupload_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sethvargo/go-envconfig"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/initupload"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// start runs the program with the options and JOB_SPEC, and returns its exit
// code and log.
func start(t *testing.T, o *options.InitUpload, jobSpec string) (int, string) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, string(text), jobSpec)
}

func startWith(t *testing.T, text, jobSpec string, args ...string) (int, string) {
	t.Helper()
	env := map[string]string{}
	if text != "" {
		env[options.InitUploadEnv] = text
	}
	if jobSpec != "" {
		env["JOB_SPEC"] = jobSpec
	}
	var log bytes.Buffer
	code := initupload.Main(command.Process{
		Args:   args,
		Env:    envconfig.MapLookuper(env).Lookup,
		Stdout: &log, Stderr: &log,
	})
	return code, log.String()
}

// local are options that upload to a folder, and the folder.
func local(t testing.TB, records string) (*options.InitUpload, string) {
	t.Helper()
	dir := t.TempDir()
	o := &options.InitUpload{Upload: options.Upload{GCSConfiguration: &prowv1.GCSConfiguration{LocalOutputDir: filepath.Join(dir, "out")}}}
	if records != "" {
		o.Log = filepath.Join(dir, "clone.json")
		if err := os.WriteFile(o.Log, []byte(records), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o, o.LocalOutputDir
}

func read(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(data)
	}
	return files
}

// goldenCase is one of clonerefs.json, as far as initupload goes.
type goldenCase struct {
	Case       string
	Records    json.RawMessage `json:"clone_json"`
	InitUpload *struct {
		Exit    int
		Files   map[string]string
		JobSpec json.RawMessage `json:"job_spec"`
	}
}

// prowPanics is the exit code of a Go program that panics: Prow does, on a
// presubmit without pulls, and uploads nothing.
const prowPanics = 2

func TestGoldenInitUpload(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(goldens.Dir(t), "podutils", "clonerefs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.InitUpload == nil || c.InitUpload.Exit == prowPanics {
			continue
		}
		t.Run(c.Case, func(t *testing.T) {
			want := c.InitUpload
			records := string(c.Records)
			if text, ok := want.Files[layout.CloneRecordsFile]; ok {
				records = text // with durations, which clone_json lacks
			}
			o, out := local(t, records)
			code, log := start(t, o, string(want.JobSpec))
			if code != want.Exit {
				t.Errorf("exit code is %d, want %d\n%s", code, want.Exit, log)
			}
			got := read(t, out)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(want.Files)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Fatalf("files (-want +got):\n%s", diff)
			}
			for name, text := range want.Files {
				if strings.HasSuffix(name, ".txt") && text != got[name] {
					t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(text, got[name]))
				}
				if strings.HasSuffix(name, ".json") {
					if diff := cmp.Diff(decode(t, text), decode(t, got[name]), ignoreTimestamp()); diff != "" {
						t.Errorf("%s (-want +got):\n%s", name, diff)
					}
				}
			}
		})
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func ignoreTimestamp() cmp.Option {
	return cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "timestamp" })
}

const presubmit = `{"type":"presubmit","job":"unit","buildid":"17","refs":{"org":"org","repo":"repo","base_ref":"main","base_sha":"abc","pulls":[{"number":5,"author":"ann","sha":"def"}]}}`

// A failed clone ends the run: with its log as the build log, and a failed pod.
func TestFailedClone(t *testing.T) {
	o, out := local(t, `[{"refs":{"org":"","repo":""}},{"refs":{"org":"org","repo":"repo","base_ref":"main"},"commands":[{"command":"git merge","output":"CONFLICT\n","error":"exit status 1"}],"failed":true,"explanation":"Pull #5 conflicts with main in a."}]`)
	code, log := start(t, o, presubmit)
	if code != 1 || !strings.Contains(log, "cloning the appropriate refs failed: org/repo: Pull #5 conflicts with main in a.") {
		t.Errorf("exit code is %d, want 1; log:\n%s", code, log)
	}
	files := read(t, out)
	wantNames := []string{"build-log.txt", "clone-log.txt", "clone-records.json", "finished.json", "started.json"}
	if diff := cmp.Diff(wantNames, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	wantLog := "Environment setup\n# Final SHA: \n# Total runtime: 0s\n# FAILED!\n# Cloning org/repo at main\n$ git merge (runtime: 0s)\nCONFLICT\n# Error: exit status 1\n# Pull #5 conflicts with main in a.\n# Final SHA: \n# Total runtime: 0s\n"
	if diff := cmp.Diff(wantLog, files["build-log.txt"]); diff != "" {
		t.Errorf("build-log.txt (-want +got):\n%s", diff)
	}
	wantFinished := map[string]any{"passed": false, "result": "FAILURE"}
	if diff := cmp.Diff(wantFinished, decode(t, files["finished.json"]), ignoreTimestamp()); diff != "" {
		t.Errorf("finished.json (-want +got):\n%s", diff)
	}
}

func TestStarted(t *testing.T) {
	for _, test := range []struct{ name, spec, want string }{
		{"presubmit", presubmit, `{"pull":"5","repos":{"org/repo":"main:abc,5:def"},"repo-commit":"def","repo-version":"def"}`},
		{"periodic", `{"type":"periodic","job":"p","buildid":"1"}`, `{}`},
		{
			"periodic with refs",
			`{"type":"periodic","job":"p","buildid":"1","extra_refs":[{"org":"a","repo":"aux","base_ref":"x","auxiliary":true},{"org":"b","repo":"main","base_ref":"y"}]}`,
			`{"repos":{"a/aux":"x","b/main":"y"},"repo-commit":"y","repo-version":"y"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, out := local(t, "")
			if code, log := start(t, o, test.spec); code != 0 {
				t.Fatalf("exit code is %d\n%s", code, log)
			}
			if diff := cmp.Diff(decode(t, test.want), decode(t, read(t, out)["started.json"]), ignoreTimestamp()); diff != "" {
				t.Errorf("started.json (-want +got):\n%s", diff)
			}
		})
	}
}

// What the environment leaves out has not the default of the flag: that is to
// upload nothing. With flags, it has.
func TestDryRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for _, test := range []struct {
		name, env string
		args      []string
		want      bool
	}{
		{name: "flags", args: []string{"--local-output-dir=" + out}},
		{name: "flag", args: []string{"--local-output-dir=" + out, "--dry-run=false"}, want: true},
		{name: "environment", env: `{"local_output_dir":"` + out + `"}`, want: true},
		{name: "environment before flags", env: `{"local_output_dir":"` + out + `"}`, args: []string{"--dry-run", "--bad"}, want: true},
		{name: "environment says so", env: `{"dry_run":true,"local_output_dir":"` + out + `"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
			code, log := startWith(t, test.env, presubmit, test.args...)
			_, err := os.Stat(filepath.Join(out, "started.json"))
			if code != 0 || (err == nil) != test.want {
				t.Errorf("exit code is %d; it was uploaded: %t, want %t\n%s", code, err == nil, test.want, log)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	good, _ := local(t, "")
	missing, _ := local(t, "")
	missing.Log = "/no/such/file"
	broken, _ := local(t, "no JSON")
	for name, test := range map[string]struct {
		o    *options.InitUpload
		spec string
	}{
		"no job spec":     {good, ""},
		"broken job spec": {good, "{"},
		"no clone log":    {missing, presubmit},
		"broken records":  {broken, presubmit},
		"no bucket":       {&options.InitUpload{}, presubmit},
	} {
		if code, log := start(t, test.o, test.spec); code != 1 || !strings.Contains(log, `"error"`) {
			t.Errorf("%s: exit code is %d, want 1 and an error in the log:\n%s", name, code, log)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
)

func TestIntersects(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Brancher
		want bool
	}{
		{"all and some", Brancher{}, Brancher{Branches: []string{"main"}}, true},
		{"the same", Brancher{Branches: []string{"main", "x"}}, Brancher{Branches: []string{"main"}}, true},
		{"others", Brancher{Branches: []string{"x"}}, Brancher{Branches: []string{"main"}}, false},
		{"expressions are compared as text", Brancher{Branches: []string{"ma.*"}}, Brancher{Branches: []string{"main"}}, false},
		{"skipped", Brancher{Branches: []string{"main"}}, Brancher{SkipBranches: []string{"main"}}, false},
		{"not skipped", Brancher{Branches: []string{"x"}}, Brancher{SkipBranches: []string{"main"}}, true},
		{"both skip", Brancher{SkipBranches: []string{"x"}}, Brancher{SkipBranches: []string{"main"}}, true},
	} {
		if got := c.a.Intersects(c.b); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
		if got := c.b.Intersects(c.a); got != c.want {
			t.Errorf("%s, the other way: got %v", c.name, got)
		}
	}
}

func TestChangesAreAskedOnlyWhenNeeded(t *testing.T) {
	broken := func() ([]string, error) { return nil, errors.New("no network") }
	p := Presubmit{AlwaysRun: true}
	if run, err := p.ShouldRun("main", broken, false, false); !run || err != nil {
		t.Errorf("always_run: %v, %v", run, err)
	}
	p = Presubmit{RegexpChangeMatcher: RegexpChangeMatcher{RunIfChanged: "docs"}}
	if run, err := p.ShouldRun("main", broken, true, false); !run || err != nil {
		t.Errorf("forced: %v, %v", run, err)
	}
	if _, err := p.ShouldRun("main", broken, false, false); err == nil {
		t.Error("run_if_changed does not report that it cannot know")
	}
	p.Branches = []string{"release"}
	if run, err := p.ShouldRun("main", broken, false, false); run || err != nil {
		t.Errorf("another branch: %v, %v", run, err)
	}
	if run, err := (Presubmit{RegexpChangeMatcher: RegexpChangeMatcher{SkipIfOnlyChanged: "docs"}}).ShouldRun("main", FixedChanges(), false, false); run || err != nil {
		t.Errorf("no files at all: %v, %v", run, err)
	}
}

func TestPostsubmitAlwaysRun(t *testing.T) {
	yes, no := true, false
	changed := RegexpChangeMatcher{RunIfChanged: "docs"}
	for _, c := range []struct {
		name string
		job  Postsubmit
		want bool
	}{
		{"unset", Postsubmit{}, true},
		{"true", Postsubmit{AlwaysRun: &yes}, true},
		{"false", Postsubmit{AlwaysRun: &no}, false},
		{"false with a condition that holds", Postsubmit{AlwaysRun: &no, RegexpChangeMatcher: changed}, true},
		{"a condition that does not hold", Postsubmit{RegexpChangeMatcher: RegexpChangeMatcher{RunIfChanged: "x"}}, false},
	} {
		got, err := c.job.ShouldRun("main", FixedChanges("docs/a.md"))
		if got != c.want || err != nil {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
	}
}

func TestTriggersShareOnlyWhatTheyMay(t *testing.T) {
	file := &File{Presubmits: map[string][]Presubmit{"org/repo": {
		{JobBase: JobBase{Name: "unit.x", Agent: "jenkins"}},
		{JobBase: JobBase{Name: "unit", Agent: "jenkins"}},
		{JobBase: JobBase{Name: "own", Agent: "jenkins"}, Trigger: `(?m)^/go$`, RerunCommand: "/go"},
	}}}
	all, invalid := assembled(file)
	if len(invalid) > 0 {
		t.Fatal(invalid)
	}
	for comment, want := range map[string][]bool{
		"/test unit.x":       {true, false, false},
		"/test unitax":       {true, false, false}, // The name is not escaped.
		"/test unit":         {false, true, false},
		"/test a unit, b":    {false, true, false},
		"/go":                {false, false, true},
		"unit /test":         {false, false, false},
		"hello\n/test unit":  {false, true, false},
		"/test unit-and-all": {false, false, false},
	} {
		for i, p := range all.Presubmits["org/repo"] {
			if got := p.TriggerMatches(comment); got != want[i] {
				t.Errorf("%q for %s: got %v", comment, p.Name, got)
			}
		}
	}
}

// assembled is the jobs of one file, and what is wrong with them.
func assembled(file *File) (*Jobs, []Invalid) {
	files := []*File{file}
	invalid := Finish(files, file.Presets, Settings{})
	all, together := Assemble(files)
	return all, append(invalid, together...)
}

// What jobs point to may be other jobs' too: it is not changed, and what is made of it is one again.
func TestFinishChangesJobsAlone(t *testing.T) {
	pod := &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine", Command: []string{"make"}, Env: []corev1.EnvVar{{Name: "A", Value: "a"}}}}}
	decoration, labels := &prowv1.DecorationConfig{SkipCloning: new(true)}, map[string]string{"cache": "true"}
	pod0, decoration0 := pod.DeepCopy(), decoration.DeepCopy()
	base := func(name string) JobBase {
		return JobBase{Name: name, Labels: labels, Spec: pod, Utility: Utility{Decorate: new(true), DecorationConfig: decoration}}
	}
	def := &prowv1.DecorationConfig{
		Timeout: &prowv1.Duration{Duration: time.Hour}, GracePeriod: &prowv1.Duration{Duration: time.Minute},
		UtilityImages:    &prowv1.UtilityImages{CloneRefs: "c", InitUpload: "i", Entrypoint: "e", Sidecar: "s"},
		GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "b", PathStrategy: "explicit"},
	}
	file := &File{
		Presets: []Preset{{
			Labels: labels, Env: []corev1.EnvVar{{Name: "CACHE", Value: "/cache"}}, Tolerations: []corev1.Toleration{{Key: "k"}},
			Volumes: []corev1.Volume{{Name: "cache"}}, VolumeMounts: []corev1.VolumeMount{{Name: "cache", MountPath: "/cache"}},
		}},
		Presubmits: map[string][]Presubmit{"org/repo": {{JobBase: base("a")}, {JobBase: base("b")}}},
	}
	invalid := Finish([]*File{file}, file.Presets, Settings{Decoration: func(string, string) *prowv1.DecorationConfig { return def }})
	if len(invalid) > 0 {
		t.Error(invalid)
	}
	if diff := cmp.Diff(pod0, pod) + cmp.Diff(decoration0, decoration); diff != "" {
		t.Errorf("what was there is changed (-before +after):\n%s", diff)
	}
	want := pod.DeepCopy()
	want.Tolerations, want.Volumes = file.Presets[0].Tolerations, file.Presets[0].Volumes
	want.Containers[0].Env = append(want.Containers[0].Env, file.Presets[0].Env...)
	want.Containers[0].VolumeMounts = file.Presets[0].VolumeMounts
	a, b := &file.Presubmits["org/repo"][0], &file.Presubmits["org/repo"][1]
	if diff := cmp.Diff(want, a.Spec) + cmp.Diff(want, b.Spec); diff != "" {
		t.Errorf("the pods (-want +got):\n%s", diff)
	}
	if &a.Spec.Volumes[0] != &b.Spec.Volumes[0] || &a.Spec.Containers[0].Env[0] != &b.Spec.Containers[0].Env[0] || a.DecorationConfig != b.DecorationConfig {
		t.Error("what is the same is there twice")
	}
	if a.DecorationConfig.Timeout != def.Timeout || !*a.DecorationConfig.SkipCloning {
		t.Errorf("the decoration is %+v", a.DecorationConfig)
	}
}

// A mistake in a default is told at the first job that has it; the others' files are no good all the same.
func TestMistakesOfDefaults(t *testing.T) {
	def := &prowv1.DecorationConfig{}
	file := func(name string, own *prowv1.DecorationConfig) *File {
		pod := &corev1.PodSpec{Containers: []corev1.Container{{Command: []string{"make"}}}}
		return &File{Periodics: []Periodic{{Interval: "1h", JobBase: JobBase{
			Name: name, Source: document.Position{File: name}, Spec: pod, Utility: Utility{Decorate: new(true), DecorationConfig: own},
		}}}}
	}
	own := &prowv1.DecorationConfig{SkipCloning: new(true)} // As the decoder shares it.
	files := []*File{file("a", nil), file("b", nil), file("c", own), file("d", own)}
	told, wrong := map[string]bool{}, map[string]bool{}
	for _, i := range Finish(files, nil, Settings{Decoration: func(string, string) *prowv1.DecorationConfig { return def }}) {
		told[i.Source.File] = told[i.Source.File] || !i.Again
		wrong[i.Source.File] = true
	}
	if diff := cmp.Diff(map[string]bool{"a": true, "b": false, "c": true, "d": true}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if len(wrong) != 4 {
		t.Errorf("only %v are wrong", wrong)
	}
}

func TestParseCronZones(t *testing.T) {
	for line, ok := range map[string]bool{
		"CRON_TZ=Europe/Berlin 0 5 * * *": true,
		"TZ=UTC @daily":                   true,
		"TZ=Nowhere/Land 0 5 * * *":       false,
		"TZ=UTC":                          false,
		"CRON_TZ=":                        false,
	} {
		if _, err := ParseCron(line); (err == nil) != ok {
			t.Errorf("%q: got %v, want it to be right: %t", line, err, ok)
		}
	}
}

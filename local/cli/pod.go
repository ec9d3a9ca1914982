// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/buildid"
	"github.com/cutwater-ci/cutwater/local/makejob"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
)

// snowflake is the build ID that stands for a new one.
const snowflake = "snowflake"

// podFlags say what a pod is made of besides its ProwJob.
type podFlags struct {
	job     jobFlags
	prowJob string
	buildID string
	local   bool
	outDir  string
}

func newPod(now clock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pod [NAME]",
		Short: "Print the pod of a job or of a ProwJob, for kubectl create -f -",
		Long: `Print the pod that plank would create, ready for kubectl create -f -: of a
configured job, which takes the flags of cutwater job, or of a ProwJob that is
read from a file.`,
		Example: `  cutwater pod ci-nightly --config config.yaml --jobs jobs/ | kubectl create -f -
  cutwater pod publish --config config.yaml --repo-dir . --base-ref main --base-sha $(git rev-parse HEAD)
  kubectl get prowjob $ID -o yaml | cutwater pod --prow-job -
  cutwater pod --prow-job prowjob.yaml --local --out-dir /tmp/results`,
		Args: cobra.MaximumNArgs(1),
	}
	var f podFlags
	f.job.addTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.prowJob, "prow-job", "", "a file with a ProwJob, in place of NAME; - is standard input")
	flags.StringVar(&f.buildID, "build-id", "", "the run's number; snowflake makes a new one (default: that of the ProwJob, else a new one)")
	flags.BoolVar(&f.local, "local", false, "leave the results in a folder of the machine that runs the pod, instead of uploading them")
	flags.StringVar(&f.outDir, "out-dir", "", "that folder, with --local (default: a new one for temporary files)")
	must(cmd.MarkFlagFilename("prow-job", "yaml", "yml", "json"))
	must(cmd.MarkFlagDirname("out-dir"))
	must(cmd.RegisterFlagCompletionFunc("build-id", cobra.FixedCompletions([]cobra.Completion{snowflake}, cobra.ShellCompDirectiveNoFileComp)))

	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		pj, err := f.prowJobOf(cmd, args, now)
		if err != nil {
			return err
		}
		buildID, err := f.buildIDOf(cmd, pj)
		if err != nil {
			return err
		}
		outDir, err := f.outputDir()
		if err != nil {
			return err
		}
		pod, err := makejob.Pod(pj, buildID, decorate.Options{OutputDir: outDir, CensorAll: true}) // as plank
		if err != nil {
			return err
		}
		return printYAML(cmd, pod)
	}
	return cmd
}

// prowJobOf reads or makes the pod's ProwJob.
func (f *podFlags) prowJobOf(cmd *cobra.Command, args []string, now clock) (*prowv1.ProwJob, error) {
	named := len(args) > 0 || f.job.query.Name != ""
	switch {
	case named && f.prowJob != "":
		return nil, errors.New("give the name of a job or --prow-job, not both")
	case named:
		return f.job.prowJob(cmd, args, now)
	case f.prowJob == "":
		return nil, errors.New("give the name of a job, or a ProwJob with --prow-job FILE (- is standard input)")
	case f.prowJob == "-":
		return readProwJob("standard input", cmd.InOrStdin())
	}
	file, err := os.Open(f.prowJob)
	if err != nil {
		return nil, fmt.Errorf("--prow-job: %w", err)
	}
	defer file.Close()
	return readProwJob(f.prowJob, file)
}

func readProwJob(name string, from io.Reader) (*prowv1.ProwJob, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	pj := &prowv1.ProwJob{}
	if err := yaml.Unmarshal(text, pj); err != nil {
		return nil, fmt.Errorf("%s is not a ProwJob: %w", name, err)
	}
	if pj.Kind != "ProwJob" || pj.Spec.Job == "" {
		return nil, fmt.Errorf("%s is not a ProwJob: it has the kind %q and the job %q", name, pj.Kind, pj.Spec.Job)
	}
	return pj, nil
}

// buildIDOf is the run's number: the one that was given, else the ProwJob's own, else a new one.
func (f *podFlags) buildIDOf(cmd *cobra.Command, pj *prowv1.ProwJob) (string, error) {
	switch {
	case f.buildID == "" && pj.Status.BuildID != "":
		return pj.Status.BuildID, nil
	case f.buildID == "" || f.buildID == snowflake:
		ids, err := buildid.NewSnowflake()
		if err != nil {
			return "", err
		}
		return ids.Next(cmd.Context(), pj.Spec.Job)
	case !regexp.MustCompile(`^[0-9]+$`).MatchString(f.buildID):
		return "", fmt.Errorf("--build-id %q: want a number or %s", f.buildID, snowflake)
	}
	return f.buildID, nil
}

// outputDir is where results stay; empty uploads them.
func (f *podFlags) outputDir() (string, error) {
	switch {
	case !f.local && f.outDir != "":
		return "", errors.New("--out-dir is for --local")
	case !f.local:
		return "", nil
	case f.outDir == "":
		return os.MkdirTemp("", "cutwater-results-")
	}
	return filepath.Abs(f.outDir)
}

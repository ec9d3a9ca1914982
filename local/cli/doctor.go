// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/cutwater-ci/cutwater/local/doctor"
	"github.com/cutwater-ci/cutwater/local/up"
)

func newDoctor(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is wrong with an installation, and how to mend it",
		Long: `Find what is wrong with an installation, and how to mend it: Knative, the objects
of deploy/, the configuration, secrets, the bucket, GitHub, build clusters, clocks.
Each check is a line that begins with ok, warning, problem or not checked. Nothing
is changed but for one object in the bucket, which is deleted again, and no secret
is ever printed. The bucket and GitHub are asked with the installation's
credentials as far as they are in secrets that you may read, else with yours.

The machine that ` + "`cutwater up`" + ` runs is examined if --kubeconfig or --state names it,
or if there is no other cluster. The exit code is 0 unless there is a problem.`,
		Example: `  cutwater doctor
  cutwater doctor --context my-cluster --format json
  cutwater doctor --kubeconfig ~/.local/state/cutwater/kubeconfig`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var o doctor.Options
	var kube kubeFlags
	flags := cmd.Flags()
	kube.add(cmd)
	format := flags.String("format", string(doctor.Text), "text or json")
	flags.DurationVar(&o.Timeout, "timeout", 20*time.Second, "how long a check may take")
	flags.StringVar(&o.BuildKubeconfig, "build-kubeconfig", "", "a file with a context for each further build cluster")
	flags.StringVar(&o.Credentials.GCSFile, "gcs-credentials-file", "", "open the bucket with these credentials of Google")
	flags.StringVar(&o.Credentials.S3File, "s3-credentials-file", "", "open the bucket with these credentials for S3")
	addGitHub(flags, &o.GitHub)
	for _, name := range []string{"build-kubeconfig", "gcs-credentials-file", "s3-credentials-file"} {
		must(cmd.MarkFlagFilename(name))
	}
	formats := []cobra.Completion{string(doctor.Text), string(doctor.JSON)}
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !slices.Contains(doctor.Formats(), doctor.Format(*format)) {
			return asUsageError(fmt.Errorf("there is no format %q; there are %v", *format, doctor.Formats()))
		}
		var err error
		if o.Config, o.Machine, err = f.examined(&kube, cmd.Flags().Changed("state")); err != nil {
			return err
		}
		o.Namespace = kube.namespace
		o.Progress = func(check string) { fmt.Fprintf(cmd.ErrOrStderr(), "still looking: %s\n", check) }
		report := doctor.Examine(cmd.Context(), o)
		if err := report.Write(cmd.OutOrStdout(), doctor.Format(*format)); err != nil {
			return err
		}
		switch n := report.Problems(); n {
		case 0:
			return nil
		case 1:
			return errors.New("there is 1 problem")
		default:
			return fmt.Errorf("there are %d problems", n)
		}
	}
	return cmd
}

// examined is the cluster to examine, and the machine if that is what it is.
func (f folder) examined(kube *kubeFlags, stateGiven bool) (*rest.Config, *doctor.Machine, error) {
	dir, machine, up := f.running()
	if stateGiven && kube.kubeconfig == "" {
		kube.kubeconfig = machine.kubeconfig
		if !up {
			_, err := f.connect("")
			return nil, nil, err
		}
	}
	config, err := kube.config()
	if err != nil && up && kube.kubeconfig == "" && kube.context == "" {
		kube.kubeconfig = machine.kubeconfig
		config, err = kube.config()
	}
	if err != nil || !up {
		return config, nil, err
	}
	its, err := clientcmd.BuildConfigFromFlags("", machine.kubeconfig)
	if err != nil || its.Host != config.Host {
		return config, nil, nil //nolint:nilerr // it is another cluster
	}
	machine.ConfigMaps = filepath.Join(dir, "configmaps")
	machine.Bucket = "file://" + filepath.Join(dir, "bucket")
	return config, &machine.Machine, nil
}

// runningMachine is one that is up.
type runningMachine struct {
	doctor.Machine

	kubeconfig string
}

// running finds the machine that is up, if there is one.
func (f folder) running() (dir string, m runningMachine, ok bool) {
	dir, err := f()
	if err != nil {
		return "", m, false
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", m, false
	}
	c, err := up.Connect(dir)
	if err != nil {
		return "", m, false
	}
	if _, err := os.Stat(c.Kubeconfig); err != nil {
		return "", m, false
	}
	return dir, runningMachine{doctor.Machine{Hook: c.Hook, Deck: c.Deck, Forge: c.Forge}, c.Kubeconfig}, true
}

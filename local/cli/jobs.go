// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/local/up"
)

func newJobs(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "jobs",
		Short:             "List the runs of the machine that is up, newest first",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m, err := f.connect(up.Member)
		if err != nil {
			return err
		}
		config, err := clientcmd.BuildConfigFromFlags("", m.Kubeconfig)
		if err != nil {
			return err
		}
		client, err := versioned.NewForConfig(config)
		if err != nil {
			return err
		}
		list, err := client.ProwV1().ProwJobs(m.Namespace).List(cmd.Context(), metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("listing ProwJobs: %w", err)
		}
		slices.SortFunc(list.Items, func(a, b prowv1.ProwJob) int { return b.Status.StartTime.Compare(a.Status.StartTime.Time) })
		table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "STATE\tTYPE\tJOB\tREFS\tTOOK\tURL")
		for i := range list.Items {
			job := &list.Items[i]
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", job.Status.State, job.Spec.Type, job.Spec.Job, what(job), took(job), job.Status.URL)
		}
		return table.Flush()
	}
	return cmd
}

// what is the code under test, in short.
func what(job *prowv1.ProwJob) string {
	refs := job.Spec.MainRefs()
	switch {
	case refs == nil:
		return "-"
	case len(refs.Pulls) > 0:
		return fmt.Sprintf("%s#%d", refs.OrgRepo(), refs.Pulls[0].Number)
	}
	return refs.OrgRepo() + "@" + refs.BaseRef
}

// took is how long a run took, or has taken.
func took(job *prowv1.ProwJob) time.Duration {
	end := time.Now()
	if job.Complete() {
		end = job.Status.CompletionTime.Time
	}
	return end.Sub(job.Status.StartTime.Time).Round(time.Second)
}

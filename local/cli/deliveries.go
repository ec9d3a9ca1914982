// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

func newDeliveries(f folder, now func() time.Time) *cobra.Command {
	var which []cobra.Completion
	for _, l := range listings() {
		which = append(which, cobra.CompletionWithDesc(l.name, l.help))
	}
	cmd := &cobra.Command{
		Use:   "deliveries [pending|dead|missing|letters|all]",
		Short: "List what came from GitHub and is not done, and have it done again",
		Long: `List the deliveries from GitHub that are not done:

  pending  arrived, and will be sent to plugins again
  dead     given up, after a day of tries
  missing  did not arrive, and GitHub is asked for it
  letter   an event that is not GitHub's, and that the broker gave up

They are read from the inbox in the bucket: that of --bucket, else of the
installation that --kubeconfig, --context or --namespace names, else of the
machine that ` + "`cutwater up`" + ` runs. "all" lists everything that is kept.`,
		Example: `  cutwater deliveries
  cutwater deliveries dead --bucket gs://cutwater --format json
  cutwater deliveries show 72d3162e-cc78-11e3-81ab-4c9367dc0958
  cutwater deliveries replay --dead --plugin trigger`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: which,
	}
	var where inboxFlags
	where.add(cmd)
	repo := cmd.Flags().String("repo", "", "only those of ORG/REPO")
	must(cmd.RegisterFlagCompletionFunc("repo", cobra.NoFileCompletions))
	format := addFormat(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		box, err := where.open(cmd, f)
		if err != nil {
			return err
		}
		of := "unfinished"
		if len(args) > 0 {
			of = args[0]
		}
		all, err := listDeliveries(cmd.Context(), box, of)
		if err != nil {
			return err
		}
		if *repo != "" {
			all = slices.DeleteFunc(all, func(d delivery) bool { return d.Repo != *repo })
		}
		return writeDeliveries(cmd.OutOrStdout(), *format, all, now())
	}
	cmd.AddCommand(newShowDelivery(f, now), newReplay(f, now))
	return cmd
}

// inboxFlags say whose inbox it is.
type inboxFlags struct {
	kube        kubeFlags
	bucket      string
	credentials blob.Credentials
}

func (w *inboxFlags) add(cmd *cobra.Command) {
	w.kube.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&w.bucket, "bucket", "", "the bucket with the inbox: gs://NAME, s3://NAME or file:///FOLDER")
	flags.StringVar(&w.credentials.GCSFile, "gcs-credentials-file", "", "open the bucket with these credentials of Google")
	flags.StringVar(&w.credentials.S3File, "s3-credentials-file", "", "open the bucket with these credentials for S3")
	must(cmd.RegisterFlagCompletionFunc("bucket", cobra.NoFileCompletions))
	for _, name := range []string{"gcs-credentials-file", "s3-credentials-file"} {
		must(cmd.MarkFlagFilename(name))
	}
}

// open opens the inbox.
func (w *inboxFlags) open(cmd *cobra.Command, f folder) (*inbox.Inbox, error) {
	address, err := w.address(cmd, f)
	if err != nil {
		return nil, err
	}
	bucket, err := blob.OpenWithCredentials(cmd.Context(), address, w.credentials)
	if err != nil {
		return nil, err
	}
	return inbox.New(bucket), nil
}

func (w *inboxFlags) address(cmd *cobra.Command, f folder) (string, error) {
	if w.bucket != "" {
		return w.bucket, nil
	}
	if slices.ContainsFunc([]string{"kubeconfig", "context", "namespace"}, cmd.Flags().Changed) {
		return w.installed(cmd.Context())
	}
	dir, err := f()
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(filepath.Join(dir, "bucket")); err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err != nil {
		return "", errors.New("whose deliveries? No machine was up in the state folder; name a --bucket, or an installation with --namespace")
	}
	return "file://" + dir, nil
}

// installed is the bucket of an installation.
func (w *inboxFlags) installed(ctx context.Context) (string, error) {
	config, err := w.kube.config()
	if err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	settings, err := client.CoreV1().ConfigMaps(w.kube.namespace).Get(ctx, "settings", metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading which bucket the installation has: %w", err)
	}
	if settings.Data["bucket"] == "" {
		return "", fmt.Errorf("the ConfigMap settings in namespace %s has no bucket", w.kube.namespace)
	}
	return settings.Data["bucket"], nil
}

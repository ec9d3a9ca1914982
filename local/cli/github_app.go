// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/githubapp"
)

func newGitHubApp() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "github-app",
		Short: "Make the GitHub App that Cutwater acts as",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newGitHubAppCreate(), newGitHubAppPermissions())
	return cmd
}

func newGitHubAppPermissions() *cobra.Command {
	return &cobra.Command{
		Use:               "permissions",
		Short:             "List the permissions and events that the App needs, and why",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "PERMISSION\tACCESS\tWHY")
			for _, p := range github.AppPermissions() {
				fmt.Fprintf(table, "%s\t%s\t%s\n", p.Name, p.Access, p.Why)
			}
			fmt.Fprintln(table, "\nEVENT\t\tWHY")
			for _, e := range github.AppEvents() {
				fmt.Fprintf(table, "%s\t\t%s\n", e.Name, e.Why)
			}
			return table.Flush()
		},
	}
}

// appFlags say what App to make, and where its keys go.
type appFlags struct {
	app              githubapp.Options
	host, endpoint   string
	output           string
	apply, overwrite bool
	wait, noBrowser  bool
	timeout          time.Duration
	kube             kubeFlags
}

func newGitHubAppCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make the App in a browser, and keep its keys",
		Long: `Make the GitHub App that Cutwater acts as. A page on this machine shows what the
App may do and why, and posts that to GitHub, where you confirm it; GitHub then
hands out the App's keys, once. They go into files that only you can read or, with
--apply, into the secrets that Cutwater's manifests name. No key is ever printed.`,
		Example: `  cutwater github-app create --org my-org --webhook-url https://hook.cutwater.example.com/hook
  cutwater github-app create --org my-org --apply --wait`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var f appFlags
	flags := cmd.Flags()
	flags.StringVar(&f.app.Org, "org", "", "the organization that owns the App (default: you)")
	flags.StringVar(&f.app.Name, "name", "", "the App's name, unique on GitHub (default: cutwater-ORG)")
	flags.StringVar(&f.app.WebhookURL, "webhook-url", "", "where GitHub sends events (default: the address of the cluster's hook, and /hook)")
	flags.BoolVar(&f.app.Public, "public", false, "let others install the App, too")
	flags.StringVar(&f.host, "github-host", "github.com", "the host of GitHub Enterprise")
	flags.StringVar(&f.endpoint, "github-endpoint", "", "GitHub's REST API (default: that of --github-host)")
	flags.StringVar(&f.output, "output", "", "the folder for the keys (default: cutwater-github-app; with --apply none is kept)")
	flags.BoolVar(&f.apply, "apply", false, "put the keys into the cluster, as the secrets "+githubapp.HookSecret+" and "+githubapp.AppSecret)
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace keys that are there")
	flags.BoolVar(&f.wait, "wait", false, "wait until the App is installed somewhere")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "only print the page's address")
	flags.DurationVar(&f.timeout, "timeout", time.Hour, "how long to wait for you")
	f.kube.add(cmd)
	must(cmd.MarkFlagDirname("output"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), f.timeout, fmt.Errorf("%v have passed", f.timeout))
		defer cancel()
		return f.run(ctx, cmd.OutOrStdout())
	}
	return cmd
}

// defaultOutput is the folder of an App's keys.
const defaultOutput = "cutwater-github-app"

// run makes the App. Whatever can be refused is refused before there is one.
func (f *appFlags) run(ctx context.Context, out io.Writer) error {
	folder := githubapp.Folder(cmp.Or(f.output, defaultOutput))
	cluster, err := f.prepare(ctx, folder)
	if err != nil {
		return err
	}
	gh, err := github.New(ctx, github.Options{Endpoint: f.apiEndpoint(), Host: f.host})
	if err != nil {
		return err
	}
	f.app.Started = func(address string) error { return f.open(ctx, out, folder, address) }
	defer folder.Shut()
	app, err := githubapp.Create(ctx, gh, f.app)
	if err != nil {
		return err
	}
	if err := folder.Write(app); err != nil {
		return err
	}
	fmt.Fprintf(out, "GitHub made the App %s, with the number %d.\n", app.Name, app.ID)
	if f.apply {
		if err := cluster.apply(ctx, githubapp.Secrets(app), f.overwrite); err != nil {
			return fmt.Errorf("%w; the App's keys are in %s", err, folder)
		}
		fmt.Fprintf(out, "Its keys are in the secrets %s and %s of the namespace %s.\n", githubapp.HookSecret, githubapp.AppSecret, f.kube.namespace)
	} else {
		fmt.Fprintf(out, "Its keys are in %s. Put them into the cluster, and then keep the folder safe or remove it:\n%s", folder, commands(folder, f.kube.namespace))
	}
	fmt.Fprintf(out, "In your overlay, add the component github-app and, to settings.yaml, github-app-id: \"%d\".\n", app.ID)
	fmt.Fprintf(out, "Install it: %s\n", githubapp.InstallURL(app.App))
	if f.wait {
		err = f.untilInstalled(ctx, out, app, folder)
	}
	if f.apply && f.output == "" { // also when nobody has installed it
		err = errors.Join(err, folder.Remove())
	}
	return err
}

// prepare finds what is needed, and what is in the way.
func (f *appFlags) prepare(ctx context.Context, folder githubapp.Folder) (*installed, error) {
	if f.app.Name == "" && f.app.Org != "" {
		f.app.Name = "cutwater-" + f.app.Org
	}
	if f.app.Name == "" {
		return nil, errors.New("--name must be given, or --org")
	}
	if !f.overwrite {
		if err := folder.Free(); err != nil {
			return nil, fmt.Errorf("%w; --output names another folder, --overwrite replaces them", err)
		}
	}
	var cluster *installed
	if f.apply || f.app.WebhookURL == "" {
		var err error
		if cluster, err = f.kube.installed(); err != nil {
			return nil, err
		}
	}
	if f.apply {
		if !f.overwrite {
			if err := cluster.free(ctx, githubapp.HookSecret, githubapp.AppSecret); err != nil {
				return nil, err
			}
		}
		if err := cluster.try(ctx, githubapp.Secrets(github.NewApp{}), f.overwrite); err != nil {
			return nil, err
		}
	}
	if f.app.WebhookURL == "" {
		address, err := cluster.hook(ctx)
		if err != nil {
			return nil, fmt.Errorf("finding hook's address (or give --webhook-url): %w", err)
		}
		f.app.WebhookURL = address
	}
	return cluster, f.app.Validate()
}

// apiEndpoint is GitHub's API on the host.
func (f *appFlags) apiEndpoint() string {
	switch {
	case f.endpoint != "":
		return f.endpoint
	case f.host == "" || f.host == "github.com":
		return ""
	case strings.Contains(f.host, "://"):
		return strings.TrimSuffix(f.host, "/") + "/api/v3"
	}
	return "https://" + f.host + "/api/v3"
}

// open shows the page. It also finds out whether there will be a place for the keys.
func (f *appFlags) open(ctx context.Context, out io.Writer, folder githubapp.Folder, address string) error {
	door, err := folder.Door(address)
	if err != nil {
		return fmt.Errorf("making the folder for the App's keys (--output names another): %w", err)
	}
	fmt.Fprintf(out, "Open %s in a browser on this machine.\n", address)
	if !f.noBrowser {
		// The address is printed, too; a browser that this starts outlives us.
		_ = exec.CommandContext(context.WithoutCancel(ctx), "xdg-open", door).Start()
	}
	return nil
}

// commands put the keys into the cluster.
func commands(folder githubapp.Folder, namespace string) string {
	file := func(key string) string { return key + "=" + folder.Path(key) }
	return fmt.Sprintf("  kubectl -n %s create secret generic %s --from-file=%s\n", namespace, githubapp.HookSecret, quoted(file(githubapp.HookKey))) +
		fmt.Sprintf("  kubectl -n %s create secret generic %s --from-file=%s\n", namespace, githubapp.AppSecret, quoted(file(githubapp.PrivateKey)))
}

// quoted is a word for a shell.
func quoted(word string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_=./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// installEvery is how often GitHub is asked whether somebody has installed the App.
const installEvery = 3 * time.Second

// untilInstalled waits for the first installation.
func (f *appFlags) untilInstalled(ctx context.Context, out io.Writer, app github.NewApp, folder githubapp.Folder) error {
	gh, err := github.New(ctx, github.Options{
		Endpoint: f.apiEndpoint(), Host: f.host, AppID: app.ID, AppKeyFile: folder.Path(githubapp.PrivateKey),
	})
	if err != nil {
		return err
	}
	tick := time.NewTicker(installEvery)
	defer tick.Stop()
	for {
		orgs, err := gh.AppOrgs(ctx)
		if err != nil {
			return err
		}
		if len(orgs) > 0 {
			fmt.Fprintf(out, "It is installed in %s.\n", strings.Join(orgs, ", "))
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("nobody installed the App: %w", context.Cause(ctx))
		}
	}
}

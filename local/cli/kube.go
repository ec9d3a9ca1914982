// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// kubeFlags say which cluster, as kubectl's do.
type kubeFlags struct {
	kubeconfig, context, namespace string
}

// defaultNamespace holds an installation, as in deploy/.
const defaultNamespace = "cutwater"

func (k *kubeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&k.kubeconfig, "kubeconfig", "", "the file that says how to reach the cluster (default: $KUBECONFIG or ~/.kube/config)")
	flags.StringVar(&k.context, "context", "", "the context of that file to use (default: its current one)")
	flags.StringVarP(&k.namespace, "namespace", "n", defaultNamespace, "the namespace with the installation")
	must(cmd.MarkFlagFilename("kubeconfig"))
	must(cmd.RegisterFlagCompletionFunc("context", k.contexts))
	must(cmd.RegisterFlagCompletionFunc("namespace", cobra.FixedCompletions([]cobra.Completion{defaultNamespace}, cobra.ShellCompDirectiveNoFileComp)))
}

// loader reads what the flags name.
func (k *kubeFlags) loader() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = k.kubeconfig
	if home, err := os.UserHomeDir(); err == nil && os.Getenv(clientcmd.RecommendedConfigPathEnvVar) == "" {
		rules.Precedence = []string{filepath.Join(home, ".kube", "config")} // the library asks for HOME before main
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: k.context})
}

// config is how to reach the cluster.
func (k *kubeFlags) config() (*rest.Config, error) {
	config, err := k.loader().ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster (--kubeconfig and --context say which): %w", err)
	}
	return config, nil
}

// contexts completes --context.
func (k *kubeFlags) contexts(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	raw, err := k.loader().RawConfig()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Sorted(maps.Keys(raw.Contexts)), cobra.ShellCompDirectiveNoFileComp
}

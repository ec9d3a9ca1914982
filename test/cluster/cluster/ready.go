// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// askEvery is how often the cluster is asked whether it is ready.
const askEvery = 200 * time.Millisecond

// WaitReady waits until all parts run, the API server answers, the node is
// ready, and pods can be made. It gives up when a part does not run.
func (c *Cluster) WaitReady(ctx context.Context) error {
	if err := c.waitForServer(ctx); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	err = c.until(ctx, "the node to be ready", func() error {
		node, err := client.CoreV1().Nodes().Get(ctx, settings.Node, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return ready(node)
	}, c.Parts()...)
	if err != nil {
		return err
	}
	return c.until(ctx, "the service account of the default namespace", func() error {
		_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	}, c.Parts()...)
}

// ready returns why the node is not ready.
func ready(node *corev1.Node) error {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return fmt.Errorf("it is %s: %s", condition.Reason, condition.Message)
		}
	}
	for _, taint := range node.Spec.Taints {
		return fmt.Errorf("it is tainted with %s", taint.Key)
	}
	if len(node.Status.Conditions) == 0 {
		return fmt.Errorf("it says nothing yet")
	}
	return nil
}

func (c *Cluster) waitForServer(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.until(ctx, "the API server", func() error {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	}, c.Part(settings.Etcd), c.Part(settings.APIServer))
}

func (c *Cluster) client() (*kubernetes.Clientset, error) {
	config, err := c.Config()
	if err != nil {
		return nil, err
	}
	config.Timeout = 10 * time.Second // a server that was killed leaves connections that nobody answers
	return kubernetes.NewForConfig(config)
}

// until asks until there is no error. The error says the last one, or which of
// the parts that are needed for it does not run.
func (c *Cluster) until(ctx context.Context, what string, ask func() error, parts ...Part) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		for _, part := range parts {
			if _, running := part.Running(); !running {
				return fmt.Errorf("waiting for %s: %s does not run; see %s", what, part.Name(), part.Log())
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w: %w", what, ctx.Err(), err)
		}
	}
}

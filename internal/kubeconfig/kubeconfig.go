// SPDX-License-Identifier: Apache-2.0

// Package kubeconfig finds the API server with the ProwJobs.
package kubeconfig

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Load returns how to reach the API server that the file path names or, if that
// is empty, the one of the cluster that this runs in. Callers set their own limits.
func Load(path string) (*rest.Config, error) {
	if path == "" {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("reaching the cluster that this runs in (or set KUBECONFIG): %w", err)
		}
		return config, nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	return config, nil
}

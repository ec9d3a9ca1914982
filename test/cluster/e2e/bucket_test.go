// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/test/cluster/knative"
	"github.com/cutwater-ci/cutwater/test/cluster/namespace"
)

// credentials is a file with what opens the bucket from the cluster's network
// namespace, where names of Services are not known.
func (w *world) credentials(t *testing.T) (file string) {
	t.Helper()
	secret, err := w.kube.CoreV1().Secrets(ours).Get(t.Context(), "bucket-credentials", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	service, err := w.kube.CoreV1().Services("storage").Get(t.Context(), "s3", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]any{}
	if err := json.Unmarshal(secret.Data["service-account.json"], &content); err != nil {
		t.Fatal("the credentials of the bucket are no JSON")
	}
	content["endpoint"] = net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(service.Spec.Ports[0].Port))
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "bucket.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// bucket is the address of the bucket.
func (w *world) bucket(t *testing.T) string {
	t.Helper()
	settings, err := w.kube.CoreV1().ConfigMaps(ours).Get(t.Context(), "settings", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return settings.Data["bucket"]
}

// inbox opens the inbox, with its ledger.
func (w *world) inbox(t *testing.T) *inbox.Inbox {
	t.Helper()
	opened, err := blob.OpenWithCredentials(t.Context(), w.bucket(t), blob.Credentials{S3File: w.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	return inbox.New(opened)
}

// wayIn is the cluster's ingress, which people and GitHub come through.
func wayIn() string { return net.JoinHostPort(namespace.Default().Node.Addr().String(), "80") }

// fromOutside is a client of the functions that can be seen from outside.
func (w *world) fromOutside() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return w.cluster.Dial(ctx, network, wayIn())
		},
	}}
}

// pageOf is the address of a function's page.
func pageOf(function, path string) string {
	return fmt.Sprintf("http://%s.%s.%s%s", function, ours, knative.Domain, path)
}

// sweep has hook sweep now; otherwise it does every five minutes.
func (w *world) sweep(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, pageOf("hook", "/sweep"), http.NoBody)
	if err != nil {
		return err
	}
	response, err := w.outside.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the sweep was answered %s", response.Status)
	}
	return nil
}

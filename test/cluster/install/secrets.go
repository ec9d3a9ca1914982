// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

// s3Address is that of the overlay's S3 server.
const s3Address = "s3.storage.svc.cluster.local:7070"

// secrets are those that Cutwater, the forge and the S3 server share. They are
// made up once: a cluster that has them keeps them.
func (i *Installer) secrets(ctx context.Context) ([]*objects.Object, error) {
	values, err := i.values(ctx)
	if err != nil {
		return nil, err
	}
	bucket, err := json.Marshal(map[string]any{
		"region": "us-east-1", "endpoint": s3Address, "insecure": true, "s3_force_path_style": true,
		"access_key": values["access-key"], "secret_key": values["secret-key"],
	})
	if err != nil {
		return nil, err
	}
	credentials := map[string]string{"service-account.json": string(bucket)}
	return []*objects.Object{
		secret("forge", "forge", values),
		secret("cutwater", "hmac-token", map[string]string{"hmac": values["hmac"]}),
		secret("cutwater", "github-token", map[string]string{"token": values["bot-token"]}),
		secret("cutwater", "bucket-credentials", credentials),
		secret("test-pods", "bucket-credentials", credentials),
		secret("storage", "s3", map[string]string{"access-key": values["access-key"], "secret-key": values["secret-key"]}),
	}, nil
}

// values are what the forge's secret holds, which remembers all of them.
func (i *Installer) values(ctx context.Context) (map[string]string, error) {
	values := map[string]string{}
	there, err := i.cluster.Get(ctx, secret("forge", "forge", nil))
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("reading the secret of the forge: %w", err)
	}
	if err == nil {
		data, _, _ := unstructured.NestedStringMap(there.Object, "data")
		for key, encoded := range data {
			value, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return nil, fmt.Errorf("the secret of the forge: %w", err)
			}
			values[key] = string(value)
		}
	}
	for _, key := range []string{"hmac", "bot-token", "access-key", "secret-key"} {
		if values[key] == "" {
			values[key] = rand.Text()
		}
	}
	return values, nil
}

// secret is a Secret of these values.
func secret(namespace, name string, values map[string]string) *objects.Object {
	data := map[string]any{}
	for key, value := range values {
		data[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	object := &objects.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data}}
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

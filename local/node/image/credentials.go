// SPDX-License-Identifier: Apache-2.0

package image

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Credentials are those of a pod's image pull secrets, by registry or
// registry and repository prefix. Nil has none.
type Credentials map[string]authn.AuthConfig

// ParseCredentials reads a docker configuration: the .dockerconfigjson of a
// Secret. The error does not contain any of it.
func ParseCredentials(data []byte) (Credentials, error) {
	var file struct {
		Auths map[string]struct{ Username, Password, Auth, IdentityToken string } `json:"auths"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, errors.New("image pull secret is not JSON of a docker configuration")
	}
	creds := Credentials{}
	for key, a := range file.Auths {
		config := authn.AuthConfig{Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken}
		if a.Auth != "" {
			pair, err := base64.StdEncoding.DecodeString(a.Auth)
			user, password, ok := strings.Cut(string(pair), ":")
			if err != nil || !ok {
				return nil, fmt.Errorf("image pull secret: auth of %q is not base64 of user:password", key)
			}
			config.Username, config.Password = user, password
		}
		key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
		key, _, _ = strings.Cut(key, "/v1/")
		key, _, _ = strings.Cut(key, "/v2/")
		creds[strings.TrimSuffix(key, "/")] = config
	}
	return creds, nil
}

// Resolve implements authn.Keychain: the longest matching key counts.
func (c Credentials) Resolve(target authn.Resource) (authn.Authenticator, error) {
	for path := target.String(); path != ""; {
		keys := []string{path}
		if path == name.DefaultRegistry {
			keys = append(keys, "docker.io")
		}
		for _, key := range keys {
			if config, ok := c[key]; ok {
				return authn.FromConfig(config), nil
			}
		}
		i := strings.LastIndex(path, "/")
		path = path[:max(i, 0)]
	}
	return authn.Anonymous, nil
}

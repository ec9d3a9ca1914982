// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"

	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// secretFile is a variable that names a file with a secret.
type secretFile struct {
	variable string
	// wrong says what is wrong with the content, and never what it is.
	wrong func([]byte) error
	// example is a file of that kind, for kubectl.
	example string
}

func secretFiles() []secretFile {
	return []secretFile{
		{"HMAC_SECRET_FILE", webhook.CheckSecrets, "hmac"},
		{"GITHUB_TOKEN_PATH", wrongToken, "token"},
		{"GITHUB_APP_PRIVATE_KEY_PATH", wrongKey, "private-key.pem"},
		{"GCS_CREDENTIALS_FILE", wrongGCS, "service-account.json"},
		{"S3_CREDENTIALS_FILE", wrongS3, "service-account.json"},
	}
}

// need is a key of a secret that programs read; key is empty for a secret that
// must only be there.
type need struct{ secret, key string }

// needs are the secrets that programs read.
type needs struct {
	users map[need][]string
	kinds map[need]secretFile
	// lost are the programs that look for a secret where none is mounted, by what
	// they look for.
	lost map[string][]string
}

// needs finds the secrets that the programs read.
func (p *patient) needs() needs {
	n := needs{map[need][]string{}, map[need]secretFile{}, map[string][]string{}}
	for _, pr := range p.programs() {
		env := p.environment(pr)
		for _, file := range secretFiles() {
			path := env[file.variable]
			if path == "" {
				continue
			}
			at, err := pr.placeOf(path)
			if err != nil || at.secret == "" {
				what := file.variable + ", " + path
				n.lost[what] = append(n.lost[what], pr.name)
				continue
			}
			key := need{at.secret, at.key}
			n.users[key] = append(n.users[key], pr.name)
			n.kinds[key] = file
		}
		for _, volume := range pr.pod.Volumes {
			if s := volume.Secret; s != nil && (s.Optional == nil || !*s.Optional) {
				key := need{s.SecretName, ""}
				n.users[key] = append(n.users[key], pr.name)
			}
		}
	}
	return n
}

// checkSecrets looks whether the secrets that programs read are there, and are
// what they must be. It never tells what they are.
func checkSecrets(_ context.Context, p *patient) []Finding {
	if blind := p.blind(&p.functions, &p.deployments, &p.configMaps, &p.secrets); blind != nil {
		return blind
	}
	n := p.needs()
	var found []Finding
	for _, what := range slices.Sorted(maps.Keys(n.lost)) {
		found = append(found, problem("no secret is mounted in %s where it is looked for: %s", enumerate(n.lost[what]), what).mend("mend the path in the ConfigMap "+settingsName))
	}
	var names []string
	missing := map[string]bool{}
	// With a key first: of a secret that is not there, that says more.
	order := slices.SortedFunc(maps.Keys(n.users), func(a, b need) int {
		return cmp.Or(cmp.Compare(a.secret, b.secret), -cmp.Compare(a.key, b.key))
	})
	for _, key := range order {
		if !slices.Contains(names, key.secret) {
			names = append(names, key.secret)
		}
		if f := p.checkSecret(key, n.kinds[key], enumerate(n.users[key])); f != nil && !missing[key.secret] {
			found = append(found, *f)
			missing[key.secret] = byName(p.secrets.Items, key.secret) == nil
		}
	}
	return orOK(found, "%s: there, and of the right shape", enumerate(names))
}

// checkSecret is what is wrong with one, or nil.
func (p *patient) checkSecret(n need, file secretFile, users string) *Finding {
	secret := byName(p.secrets.Items, n.secret)
	var f Finding
	create := func(key string) string {
		return "kubectl -n " + p.Namespace + " create secret generic " + n.secret + " --from-file=" + key + "=" + cmp.Or(file.example, "FILE")
	}
	switch {
	case secret == nil:
		f = problem("the secret %s is not there, and %s cannot do without", n.secret, users).mend("%s", create(cmp.Or(n.key, "KEY")))
	case n.key == "":
		return nil
	case secret.Data[n.key] == nil:
		f = problem("the secret %s has no key %s, and %s cannot do without", n.secret, n.key, users).
			mend("delete it, and %s", create(n.key))
	default:
		err := file.wrong(secret.Data[n.key])
		if err == nil {
			return nil
		}
		f = problem("the key %s of the secret %s is not what %s must read: %v", n.key, n.secret, users, err).mend("delete it, and %s", create(n.key))
	}
	return &f
}

func wrongToken(content []byte) error {
	switch words := strings.Fields(string(content)); len(words) {
	case 0:
		return errors.New("it is empty")
	case 1:
		return nil
	}
	return errors.New("a token is one word")
}

func wrongKey(content []byte) error {
	block, _ := pem.Decode(content)
	if block == nil {
		return errors.New("it is not PEM, which begins with -----BEGIN")
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return nil
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return nil
	}
	return errors.New("it is not a private key")
}

// wrongGCS and wrongS3 keep the decoder's words to themselves: they quote.
func wrongGCS(content []byte) error {
	var file struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(content, &file) != nil {
		return errors.New("it is not JSON")
	}
	if file.Type == "" {
		return errors.New("it has no type, as Google's credentials files have")
	}
	return nil
}

func wrongS3(content []byte) error {
	var file struct {
		AccessKey string `json:"access_key"`
		SecretKey string `json:"secret_key"`
	}
	if json.Unmarshal(content, &file) != nil {
		return errors.New("it is not JSON")
	}
	if (file.AccessKey == "") != (file.SecretKey == "") {
		return errors.New("access_key and secret_key belong together")
	}
	return nil
}

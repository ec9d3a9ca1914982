// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// mount makes a folder of secrets as Kubernetes does: of links, which it swaps all
// at once.
func mount(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, "..2026_09_01", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(name, "/")
		if err := os.Symlink("..data/"+first, filepath.Join(dir, first)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..2026_09_01", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Secrets go by the paths at which a pod has them.
func TestLoad(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("ann:hunter22"))
	files := map[string]string{
		"plain":             "plain\n",
		"below/key":         "nested\n",
		".dockercfg":        `{"registry":{"auth":"` + auth + `","password":"password1","email":"no secret"}}`,
		".dockerconfigjson": `{"auths":{"registry":{"auth":"` + auth + `","username":"ann"}}}`,
		"credentials.ini":   "[default]\n# no = secret\nkey = ini-value\nother=\"quoted\"\n",
	}
	dir := mount(t, files)
	if err := os.Symlink(".", filepath.Join(dir, "round")); err != nil {
		t.Fatal(err)
	}
	values, errs := censor.Load([]string{dir, "/no/such/folder"}, []string{"credentials.ini"})
	if len(errs) != 1 {
		t.Errorf("errors are %v, want one, of the folder that is not there", errs)
	}
	got := map[string][]string{}
	for _, value := range values {
		name := strings.TrimPrefix(value.Name, dir+"/")
		got[name] = append(got[name], value.Text)
	}
	want := map[string][]string{
		"plain":             {"plain\n"},
		"below/key":         {"nested\n"},
		".dockercfg":        {files[".dockercfg"], auth, "password1", "ann:hunter22", "hunter22"},
		".dockerconfigjson": {files[".dockerconfigjson"], auth, "ann:hunter22", "hunter22"},
		"credentials.ini":   {files["credentials.ini"], "ini-value", "quoted"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// What cannot be read whole is told, without what is in it.
func TestLoadErrors(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<16)
	files := map[string]string{".dockercfg": "hunter22", "large": large + "more"}
	for name := range strings.SplitSeq("abcdefg", "") {
		files["many"+name] = large
	}
	values, errs := censor.Load([]string{mount(t, files)}, nil)
	for i, want := range []string{".dockercfg is no JSON", "large has 1048580 bytes", "manyg has 1048576 bytes, of which only the first"} {
		if i >= len(errs) || !strings.Contains(errs[i].Error(), want) {
			t.Errorf("errors are %v, want one with %q", errs, want)
		}
	}
	total := 0
	for _, value := range values {
		total += len(value.Text)
	}
	if total != 8<<20 || strings.Contains(errs[0].Error(), "hunter22") {
		t.Errorf("%d bytes were read, with errors %v", total, errs)
	}
}

// A secret is found in every form in which it is likely to show, as are its parts;
// what else is in the same file stays.
func TestForms(t *testing.T) {
	rsa := strings.TrimSpace(key("RSA PRIVATE KEY"))
	inJSON := strings.ReplaceAll(rsa, "\n", `\n`)
	account := `{"type":"service_account","project_id":"our-project-12345","private_key":"` + inJSON + `","client_secret":"kept-secret"}`
	kubeconfig := "users:\n- name: our-cluster-user-name\n  user:\n    token: " + some(20) + "\n    client-key-data: " + some(90) + "\n    password: 'hunter22'\n"
	basic, long := base64.StdEncoding.EncodeToString([]byte("ann:hunter2hunter2")), base64.StdEncoding.EncodeToString([]byte(some(120)))
	for _, test := range []struct{ name, secret, text string }{
		{"bytes", "\x00\xff\xfe\x01secret", "a«\x00\xff\xfe\x01secret»b"},
		{"base64 in base64", "hunter2hunter2", "Authorization: Basic " + basic[:6] + "«" + basic[6:] + "»"},
		{"base64 without padding", "hunter2hunter2", "«" + strings.TrimSuffix(base64.RawStdEncoding.EncodeToString([]byte("hunter2hunter2")), "I") + "»I"},
		{"base64 for URLs", "~~~?hunter2???~", "«" + base64.URLEncoding.EncodeToString([]byte("~~~?hunter2???~")) + "»"},
		{"base64 in lines", some(120), "«" + long[:76] + "»\n«" + long[76:152] + "»\n"},
		{"in a URL", "p@ss/word&1?", "https://ann:«p%40ss%2Fword%261%3F»@example.com?q=«p%40ss%2Fword%261%3F»"},
		{"space in a URL", "pass word+1", "?q=«pass+word%2B1»&r=«pass%20word%2B1»&s=«pass%20word+1»"},
		{"in JSON", "pass\"<word>\n\t&", `"«pass\"<word>\n\t&»"`},
		{"in JSON for HTML", "pass\"<word>\t&", `"«pass\"\u003cword\u003e\t\u0026»"`},
		{"key in JSON", rsa, `"«` + inJSON + `»"`},
		{"lines of a key", rsa, some(20) + " «" + some(64) + "»\nand «" + some(64) + "»"},
		{"account, as it is", account, "«" + account + "»"},
		{"key of an account", account, "«" + rsa + "»"},
		{"key of an account in JSON", account, `{"a":"«` + inJSON + `»"}`},
		{"a line of it", account, "«" + some(64) + "»"},
		{"a secret of an account", account, "project our-project-12345, a service_account: «kept-secret»"},
		{"kubeconfig", kubeconfig, "our-cluster-user-name «" + some(20) + "» «" + some(90) + "» «hunter22»"},
		{".netrc", "machine example.com login somebody password hunter22\n", "somebody of example.com, password «hunter22»"},
		{".env", "export NPM_TOKEN=\"hunter22\"\nSECRET_NAME=our-secret-name\n", "NPM_TOKEN=«hunter22» our-secret-name"},
		{"address with a password", "https://ann:hunter22@git.example.com\n", "«hunter22» git.example.com"},
		{
			"certificate of a key", "-----BEGIN CERTIFICATE-----\n" + some(64) + "\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nk" + some(63) + "\n-----END PRIVATE KEY-----\n",
			"public " + some(64) + " private «k" + some(63) + "»",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, want := hidden(test.text)
			tally := &censor.Tally{}
			got := string(censor.New([]censor.Value{{Name: "s", Text: test.secret}}, censor.Options{}).Bytes([]byte(in), tally))
			if got != want {
				t.Errorf("in   %q\ngot  %q\nwant %q", in, got, want)
			}
			if counts := tally.Counts(); counts["s"] == 0 || len(counts) != 1 {
				t.Errorf("counted %v, want s", counts)
			}
		})
	}
}

// Secrets that are larger than what can be looked for at once are found in pieces,
// also parts of them.
func TestLargeSecrets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	secret := make([]byte, 1<<20)
	for i := range secret {
		secret[i] = byte(random.Uint32())
	}
	secrets := censor.New([]censor.Value{{Name: "s", Text: string(secret)}}, censor.Options{})
	encoded := base64.StdEncoding.EncodeToString(secret)
	for name, text := range map[string]string{"as it is": string(secret), "in base64": encoded, "start": string(secret[:100<<10])} {
		tally := &censor.Tally{}
		got := string(secrets.Bytes([]byte("--"+text+"--"), tally))
		left := strings.Trim(strings.Trim(got, "-"), "X")
		if len(left) >= 8<<10 {
			t.Errorf("%s: %d bytes are left", name, len(left))
		}
		if left != "" && name != "start" {
			t.Errorf("%s: %d bytes are left, want none", name, len(left))
		}
		if diff := cmp.Diff(map[string]int{"s": 1}, tally.Counts()); diff != "" {
			t.Errorf("%s: counted (-want +got):\n%s", name, diff)
		}
	}
	secrets = censor.New([]censor.Value{{Name: "s", Text: strings.Repeat("y", 4096) + "Z"}}, censor.Options{})
	if got := string(secrets.Bytes([]byte("a Z and yyyyZ"), nil)); got != "a Z and yyyyZ" {
		t.Errorf("got %q: a small piece is no secret", got)
	}
}

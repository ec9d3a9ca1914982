// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// openSecrets writes the file and opens it.
func openSecrets(t *testing.T, content string) (*webhook.Secrets, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hmac")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := webhook.OpenSecrets(path)
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

func TestSecrets(t *testing.T) {
	const (
		ofRepo   = `{"repository":{"full_name":"org/repo","owner":{"login":"org"}}}`
		ofOther  = `{"repository":{"full_name":"org/other","owner":{"login":"org"}}}`
		ofPush   = `{"repository":{"name":"repo","full_name":"org/repo","owner":{"name":"org"}}}`
		ofLiar   = `{"repository":{"name":"repo","full_name":"other/repo","owner":{"login":"org"}}}`
		ofOddity = `{"action":1,"repository":{"name":"repo","owner":{"login":"org"}},"organization":[]}`
		ofOrg    = `{"organization":{"login":"org"}}`
		ofNobody = `{"zen":"Keep it logically awesome."}`
		file     = `
org/repo:
- value: old
  created_at: 2020-10-02T15:00:00Z
- value: new
  created_at: 2026-10-02T15:00:00Z
org:
- value: org
  created_at: 2020-10-02T15:00:00Z
'*':
- value: all
  created_at: 2020-10-02T15:00:00Z
`
	)
	for _, tc := range []struct {
		name, file, body, token string
		want                    bool
	}{
		{"raw", "raw\n", ofRepo, "raw", true},
		{"raw, not trimmed by GitHub", "raw\n", ofRepo, "raw\n", false},
		{"raw that is YAML, but no map of lists", "a: b", ofRepo, "a: b", true},
		{"raw number", "12345", ofRepo, "12345", true},
		{"raw, no JSON", "raw", "no JSON", "raw", true},
		{"repo's old", file, ofRepo, "old", true},
		{"repo's new", file, ofRepo, "new", true},
		{"org's is not the repo's", file, ofRepo, "org", false},
		{"everybody's is not the repo's", file, ofRepo, "all", false},
		{"repo's for a push", file, ofPush, "new", true},
		{"everybody's is not the repo's, whatever its full name", file, ofLiar, "all", false},
		{"repo's, whatever its full name", file, ofLiar, "new", true},
		{"everybody's is not the repo's, whatever else is odd", file, ofOddity, "all", false},
		{"repo's, whatever else is odd", file, ofOddity, "new", true},
		{"org's for its other repos", file, ofOther, "org", true},
		{"repo's is not another's", file, ofOther, "new", false},
		{"org's for its own events", file, ofOrg, "org", true},
		{"everybody's", file, ofNobody, "all", true},
		{"everybody's, no JSON", file, "no JSON", "all", true},
		{"nobody's", "org:\n- value: org\n", ofNobody, "org", false},
		{"date that is none", "org:\n- value: org\n  created_at: yesterday\n", ofOrg, "org", true},
		{"empty map", "{}", ofNobody, "{}", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := openSecrets(t, tc.file)
			stale, err := s.Check(webhook.Sign([]byte(tc.body), []byte(tc.token)), []byte(tc.body))
			if stale != nil {
				t.Errorf("got stale secrets: %v", stale)
			}
			if got := err == nil; got != tc.want || (err != nil && !errors.Is(err, webhook.ErrSignature)) {
				t.Errorf("signed with %q: got %v, want accepted %t", tc.token, err, tc.want)
			}
		})
	}
}

func TestSecretsReload(t *testing.T) {
	body := []byte(`{}`)
	s, path := openSecrets(t, "first")
	check := func(token string, want, wantStale bool) {
		t.Helper()
		stale, err := s.Check(webhook.Sign(body, []byte(token)), body)
		if (err == nil) != want || (stale != nil) != wantStale {
			t.Errorf("token %q: got error %v, stale %v; want accepted %t, stale %t", token, err, stale, want, wantStale)
		}
	}
	replace := func(content string) {
		t.Helper()
		// As kubelet does it: another file gets the name.
		if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	check("first", true, false)
	replace("other") // of the same length
	check("other", true, false)
	check("first", false, false)
	replace(" ")
	check("other", true, true)
	replace("org:\n- value: [other]\n") // a slip in a rotation
	check("other", true, true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("other", true, true)
	replace("third")
	check("third", true, false)
}

func TestOpenSecretsErrors(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty":     "\n",
		"no-value":  "org:\n- created_at: 2020-10-02T15:00:00Z\n",
		"no-object": "org:\n- my-token\n",
		"no-text":   "org:\n- value: [my-token]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := webhook.OpenSecrets(path); err == nil || strings.Contains(err.Error(), "my-token") {
			t.Errorf("%s: got %v, want an error without a token", name, err)
		}
	}
	if _, err := webhook.OpenSecrets(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v, want %v", err, os.ErrNotExist)
	}
}

// FuzzSignature looks for a signature that is accepted and is not the right one.
func FuzzSignature(f *testing.F) {
	body, token := []byte(`{"a":1}`), "token"
	right := webhook.Sign(body, []byte(token))
	for _, s := range []string{
		right, strings.ToUpper(right), "sha256=", "sha1=" + strings.Repeat("0", 40), right + "0", right[:len(right)-1],
		" " + right, "sha256=" + strings.Repeat("z", 64), "",
	} {
		f.Add(s)
	}
	path := filepath.Join(f.TempDir(), "hmac")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		f.Fatal(err)
	}
	secrets, err := webhook.OpenSecrets(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, signature string) {
		_, err := secrets.Check(signature, body)
		// Hexadecimal digits may be of either case; the prefix may not.
		want := strings.HasPrefix(signature, "sha256=") && strings.EqualFold(signature, right)
		if got := err == nil; got != want {
			t.Errorf("signature %q: got accepted %t, want %t", signature, got, want)
		}
	})
}

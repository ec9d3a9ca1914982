// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// some is n characters as tokens have them.
func some(n int) string { return strings.Repeat("aB3dE6gH9j", n/10+1)[:n] }

var (
	header  = "eyJ" + "hbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"
	payload = "eyJ" + "pc3MiOiJtZSIsInN1YiI6IjEifQ"
	pemBody = some(64) + "\n" + some(64) + "\n" + some(20) + "==\n"
)

// key is a block of a private key.
func key(kind string) string {
	return "-----BEGIN " + kind + "-----\n" + pemBody + "-----END " + kind + "-----\n"
}

// hidden is text as it goes in and as it comes out: what is between « and » is covered.
func hidden(text string) (in, out string) {
	for i, part := range strings.Split(strings.ReplaceAll(text, "»", "«"), "«") {
		in += part
		if i%2 == 1 {
			part = strings.Repeat("X", len(part))
		}
		out += part
	}
	return in, out
}

func TestShapesOf(t *testing.T) {
	body := "«" + strings.ReplaceAll(strings.TrimSpace(pemBody), "\n", "»\n«") + "»\n"
	for _, test := range []struct{ name, kind, text string }{
		{"personal token", "GitHub token", "token=«ghp_" + some(36) + "»;"},
		{"in a URL", "GitHub token", "https://x-access-token:«gho_" + some(36) + "»@github.com/org/repo"},
		{"after letters", "GitHub token", "is«ghr_" + some(76) + "»"},
		{"fine-grained", "GitHub token", "«github_pat_" + some(22) + "_" + some(59) + "»"},
		{"of an app", "GitHub token", "«ghs_" + some(36) + "»\n"},
		{"of an app, stateless", "GitHub token", "«ghs_1234567_" + header + "." + payload + "." + some(342) + "»\n"},
		{"AWS", "AWS access key", "id «AKIA" + strings.Repeat("Q2", 8) + "»."},
		{"AWS, for a while", "AWS access key", "«ASIA" + strings.Repeat("Q2", 8) + "»%2F20260901"},
		{"after an escape", "AWS access key", `"out":"\n«AKIA` + strings.Repeat("Q2", 8) + `»\n"`},
		{"after a colour", "AWS access key", "\x1b[1;31m«AKIA" + strings.Repeat("Q2", 8) + "»\x1b[0m"},
		{"after an escape in a URL", "AWS access key", "?id%3D«AKIA" + strings.Repeat("Q2", 8) + "»"},
		{"AWS's secret in a file", "AWS secret key", "aws_«secret_access_key = " + some(38) + "/+»\n"},
		{"AWS's secret in an environment", "AWS secret key", "AWS_«SECRET_ACCESS_KEY=" + some(40) + "»\n"},
		{"AWS's secret in JSON", "AWS secret key", `{"S«ecretAccessKey": "` + some(40) + `»"}`},
		{"AWS's secret in JSON in JSON", "AWS secret key", `"{\"s«ecretAccessKey\":\"` + some(40) + `»\"}"`},
		{"AWS session", "AWS session token", "«IQoJb3JpZ2luX2Vj" + some(200) + "%2F" + some(30) + "»&X"},
		{"Google API", "Google API key", "key=«AIza" + some(35) + "»&q"},
		{"Google OAuth", "Google OAuth token", "Bearer «ya29.c." + some(100) + "»"},
		{"Slack", "Slack token", "«xoxb-1234567890-1234567890-" + some(24) + "»"},
		{"Slack app", "Slack token", "«xapp-1-A0123456789-" + some(24) + "»"},
		{"webhook", "Slack webhook", "https://«hooks.slack.com/services/T00000000/B00000000/" + some(24) + "»"},
		{"JSON web token", "JSON web token", "Authorization: Bearer «" + header + "." + payload + "." + some(342) + "»"},
		{"not signed", "JSON web token", "«" + header + "." + payload + ".»"},
		{"RSA", "private key", "-----BEGIN RSA PRIVATE KEY-----\n" + body + "-----END RSA PRIVATE KEY-----\nand more text\n"},
		{"PKCS 8", "private key", "-----BEGIN PRIVATE KEY-----\n" + body + "-----END PRIVATE KEY-----\n"},
		{"PGP", "private key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v1\n\n" + body + "«=ab3D»\n-----END PGP PRIVATE KEY BLOCK-----\n"},
		{"indented", "private key", "key: |\n  -----BEGIN PRIVATE KEY-----\n  «" + some(64) + "»\n  «" + some(8) + "»\n  -----END PRIVATE KEY-----\n"},
		{"by a composer of containers", "private key", "web | -----BEGIN PRIVATE KEY-----\nweb | «" + some(64) + "»\n«web» | «" + some(8) + "»\n«web» | -----END PRIVATE KEY-----\nweb | done"},
		{"in JSON", "private key", `"private_key": "-----BEGIN PRIVATE KEY-----«\n` + some(64) + `\n` + some(20) + `==\n»-----END PRIVATE KEY-----\n", "client_id": "1"`},
		{"no end", "private key", "-----BEGIN PRIVATE KEY-----\n«" + some(3000) + "»"},
		{"long", "private key", "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("«"+some(64)+"»\n", 50) + "-----END PRIVATE KEY-----\n"},
		{"in base64", "private key", "tls.key: «" + base64.StdEncoding.EncodeToString([]byte(key("EC PRIVATE KEY"))) + "»\n"},
		{"in base64, of SSH", "private key", "ssh: «" + base64.StdEncoding.EncodeToString([]byte(key("OPENSSH PRIVATE KEY"))) + "»\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, want := hidden(test.text)
			secrets := censor.New(nil, censor.Options{Shapes: true})
			tally := &censor.Tally{}
			if got := string(secrets.Bytes([]byte(in), tally)); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if diff := cmp.Diff(map[string]int{test.kind: 1}, tally.Counts()); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			bytewise, err := io.ReadAll(secrets.Reader(iotest.OneByteReader(strings.NewReader(in)), nil))
			if err != nil || string(bytewise) != want {
				t.Errorf("byte-wise: got %q (%v)\nwant %q", bytewise, err, want)
			}
			if got := string(censor.New(nil, censor.Options{}).Bytes([]byte(in), nil)); got != in {
				t.Errorf("without shapes: got %q", got)
			}
		})
	}
}

// What is public, or only looks a little like a token, stays.
func TestNoShape(t *testing.T) {
	certificate := "-----BEGIN CERTIFICATE-----\n" + strings.Repeat(some(64)+"\n", 20) + "-----END CERTIFICATE-----\n"
	for _, text := range []string{
		"ghp_short ghs_ github_pat_ and github_path_to_the_repository",
		"AKIA and AKIAabcdefghijklmnop and " + some(30) + "AKIA" + strings.Repeat("Q2", 8),
		"AIza" + some(20) + " " + some(9) + "AIza" + some(35),
		"ya29.x xoxb- xox xoxb-1 hooks.slack.com/services/T0",
		"secret_access_key: see the documents; SECRET_ACCESS_KEY=$KEY secretAccessKey",
		"eyJhbGciOiJub25lIn0= and eyJ and " + header + " " + header + "." + some(40) + ".x",
		header + "." + payload[3:],
		"commit 3f786850e387550fdab836ed7e6dc881de23001b",
		"uid 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
		"gcr.io/ci/sidecar@sha256:" + strings.Repeat("0123456789abcdef", 4),
		"golang.org/x/tools v0.1.12/go.mod h1:hNGJHUnrk76NpqgfD5Aqm5Crs+Hm0VOH/i9J2+nxYbc=",
		"sha512-" + some(86) + "==",
		certificate,
		base64.StdEncoding.EncodeToString([]byte(certificate)),
		"-----BEGIN PUBLIC KEY-----\n" + pemBody + "-----END PUBLIC KEY-----\n",
		"error: expected -----BEGIN PRIVATE KEY----- but there is nothing of that kind in the file that was given\n" + strings.Repeat("so we go on\n", 10) + some(64),
		"-----BEGIN RSA PRIVATE KEY-----\n[redacted]\n-----END RSA PRIVATE KEY-----\n" + some(64),
		"-----BEGIN RSA PRIVATE KEY-----\n" + certificate,
		"-----BEGIN A VERY LONG LINE " + strings.Repeat("-", 200) + "PRIVATE KEY-----\n" + some(64),
	} {
		tally := &censor.Tally{}
		if got := string(censor.New(nil, censor.Options{Shapes: true}).Bytes([]byte(text), tally)); got != text {
			t.Errorf("got %q (%v)\nwant %q", got, tally.Counts(), text)
		}
	}
}

// A token that goes on and on is covered as it goes, as is a key without an end.
func TestNothingIsHeldForLong(t *testing.T) {
	for name, start := range map[string]string{
		"JSON web token": header + "." + payload + ".",
		"GitHub token":   "ghp_" + some(36),
		"private key":    "-----BEGIN PRIVATE KEY-----\n" + some(24),
		"base64":         base64.StdEncoding.EncodeToString([]byte("-----BEGIN RSA PRIVATE KEY-----\n" + some(60))),
	} {
		tally := &censor.Tally{}
		stream := censor.New(nil, censor.Options{Shapes: true}).Stream(tally)
		if got := len(stream.Add([]byte(start))); got != len(start) {
			t.Errorf("%s: %d bytes of %d are given out", name, got, len(start))
		}
		for range 3000 {
			got := string(stream.Add([]byte(some(500))))
			if want := strings.Repeat("X", 500); got != want {
				t.Fatalf("%s: got %q, want %q", name, got, want)
			}
		}
		if got := string(stream.Add([]byte("\n- some more\n"))); got != "\n- some more\n" && name != "private key" {
			t.Errorf("%s: after it came %q", name, got)
		}
		if n := len(tally.Counts()); n != 1 {
			t.Errorf("%s: counted %v, want one", name, tally.Counts())
		}
	}
}

// What is both a known secret and has a shape is counted as the secret.
func TestSecretWithShape(t *testing.T) {
	token := "ghp_" + some(36)
	tally := &censor.Tally{}
	secrets := censor.New([]censor.Value{{Name: "/secrets/token", Text: token}}, censor.Options{Shapes: true})
	if got, want := string(secrets.Bytes([]byte("a "+token+" "+token), tally)), "a "+strings.Repeat("X", 40)+" "+strings.Repeat("X", 40); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := cmp.Diff(map[string]int{"/secrets/token": 2}, tally.Counts()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// reference does what Secrets does with values, in the simplest way.
func reference(values []censor.Value, minimum int, text []byte) []byte {
	out := slices.Clone(text)
	for _, value := range values {
		for _, form := range censor.Forms(value.Text, minimum) {
			for piece := range censor.Pieces(form) {
				for at := 0; at+len(piece) <= len(text); at++ {
					if strings.HasPrefix(string(text[at:at+len(piece)]), piece) {
						copy(out[at:], strings.Repeat("X", len(piece)))
					}
				}
			}
		}
	}
	return out
}

// inParts sends text through a stream, in parts of random length.
func inParts(secrets *censor.Secrets, text []byte, random *rand.Rand, tally *censor.Tally) []byte {
	var out []byte
	stream := secrets.Stream(tally)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), random.IntN(9))
		if random.IntN(4) == 0 {
			n = min(len(rest), random.IntN(300))
		}
		out = append(out, stream.Add(rest[:n])...)
		rest = rest[n:]
	}
	return append(out, stream.Rest()...)
}

// randomReader reads a random number of bytes at a time.
type randomReader struct {
	io.Reader
	random *rand.Rand
}

func (r randomReader) Read(p []byte) (int, error) {
	return r.Reader.Read(p[:min(len(p), r.random.IntN(100))])
}

// newRandom tells its seed, so that a failure can be had again.
func newRandom(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// randomValues have some that are within others, and some with few different bytes,
// which overlap. None has an X: what is covered could then be part of one.
func randomValues(random *rand.Rand) []censor.Value {
	var values []censor.Value
	for range 1 + random.IntN(8) {
		alphabet := []string{"ab", "abcdefghijklmnopqrstuvwxyz0123456789", "aB3+/=_-\n \"<\\\x00\xff"}[random.IntN(3)]
		text := make([]byte, 1+random.IntN(1<<random.IntN(8)))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		if len(values) > 0 && random.IntN(3) == 0 {
			text = append([]byte(values[0].Text), text...)
		}
		values = append(values, censor.Value{Name: fmt.Sprintf("%d", len(values)), Text: string(text)})
	}
	return values
}

// randomText has secrets in all their forms, whole and cut off, at random places.
func randomText(random *rand.Rand, values []censor.Value, minimum int) []byte {
	var text []byte
	for range random.IntN(30) {
		all := censor.Forms(values[random.IntN(len(values))].Text, minimum)
		switch choice := random.IntN(4); {
		case choice == 0 || len(all) == 0:
			text = append(text, strings.Repeat("ab-\n", 4)[:random.IntN(16)]...)
		case choice == 1:
			form := all[random.IntN(len(all))]
			text = append(text, form[:random.IntN(len(form))]...)
		default:
			text = append(text, all[random.IntN(len(all))]...)
		}
	}
	return text
}

// However it comes, what comes out is what the reference says, and holds no secret.
func TestAnySecretsAnywhere(t *testing.T) {
	random := newRandom(t)
	for range 600 {
		values, minimum := randomValues(random), random.IntN(6)
		text := randomText(random, values, minimum)
		secrets := censor.New(values, censor.Options{Minimum: minimum})
		want := reference(values, minimum, text)
		read, err := io.ReadAll(secrets.Reader(randomReader{bytes.NewReader(text), random}, nil))
		if err != nil {
			t.Fatal(err)
		}
		var written bytes.Buffer
		if _, err := io.Copy(&written, secrets.Reader(bytes.NewReader(text), nil)); err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string][]byte{
			"at once": secrets.Bytes(text, nil), "in parts": inParts(secrets, text, random, nil), "read": read, "copied": written.Bytes(),
		} {
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: secrets %q, minimum %d, in %q:\ngot  %q\nwant %q", name, values, minimum, text, got, want)
			}
		}
		for _, value := range values {
			if form := strings.TrimSpace(value.Text); len(form) >= max(1, minimum) && bytes.Contains(want, []byte(form)) {
				t.Fatalf("secret %q is still in %q", form, want)
			}
		}
	}
}

// What is counted does not depend on how the text comes.
func TestCountsInParts(t *testing.T) {
	random := newRandom(t)
	for range 300 {
		values := randomValues(random)
		text := randomText(random, values, 0)
		secrets := censor.New(values, censor.Options{Shapes: true})
		want, got := &censor.Tally{}, &censor.Tally{}
		secrets.Bytes(text, want)
		inParts(secrets, text, random, got)
		if fmt.Sprint(got.Counts()) != fmt.Sprint(want.Counts()) {
			t.Fatalf("secrets %q in %q: counted %v, at once %v", values, text, got.Counts(), want.Counts())
		}
	}
}

// Tokens are found the same however the text comes, also in one another and cut off.
func TestAnyTokensInParts(t *testing.T) {
	random := newRandom(t)
	words := []string{
		"ghp_", "ghs_", "github_pat_", "AKIA", "ASIA", "AIza", "ya29.", "xoxb-", "xoxe.xoxp-", "eyJ", ".eyJ", "hooks.slack.com/", "secret_access_key", "IQoJb3JpZ2lu",
		"-----BEGIN ", "PRIVATE KEY", "-----", "-----END ", "-----BEGIN RSA PRIVATE KEY-----\n", base64.StdEncoding.EncodeToString([]byte("-----BEGIN RSA PRIVATE KEY")),
		"=", " ", "\n", `\n`, "%3D", "\x1b[1m", "-", "/", ".", some(3), some(10), some(23), some(36), some(130), strings.Repeat("Q2", 9), strings.Repeat("x", 1000),
	}
	values := []censor.Value{{Name: "a", Text: "hp_" + some(5)}, {Name: "b", Text: some(12) + "-----"}, {Name: "c", Text: "Q2"}}
	for range 3000 {
		var text []byte
		for range random.IntN(20) {
			text = append(text, words[random.IntN(len(words))]...)
		}
		secrets := censor.New(values[:random.IntN(4)], censor.Options{Shapes: true})
		want, got := &censor.Tally{}, &censor.Tally{}
		once := secrets.Bytes(text, want)
		if parts := inParts(secrets, text, random, got); !bytes.Equal(parts, once) {
			t.Fatalf("in parts: %q, at once: %q, of: %q", parts, once, text)
		}
		if diff := cmp.Diff(want.Counts(), got.Counts()); diff != "" {
			t.Fatalf("in %q, counted at once (-) and in parts (+):\n%s", text, diff)
		}
	}
}

// However it is packed, no secret is in what comes out, and nothing else is changed.
func TestAnySecretsInAnyFile(t *testing.T) {
	random := newRandom(t)
	for range 200 {
		values := randomValues(random)
		secrets := censor.New(values, censor.Options{Minimum: 4})
		content := randomPacking(random, 0, func() []byte { return randomText(random, values, 4) })
		want := map[string]string{}
		for where, text := range unpack(content) {
			want[string(secrets.Bytes([]byte(where), nil))] = string(reference(values, 4, []byte(text)))
		}
		got, _ := censorFile(t, secrets, content)
		for from, data := range got {
			if diff := cmp.Diff(want, unpack(data)); diff != "" {
				t.Fatalf("%s: secrets %q (-want +got):\n%s", from, values, diff)
			}
		}
		if fmt.Sprint(want) == fmt.Sprint(unpack(content)) && !bytes.Equal(got["file"], content) {
			t.Fatalf("secrets %q: the file changed though they are not in it", values)
		}
	}
}

// randomPacking packs texts in any way.
func randomPacking(random *rand.Rand, depth int, text func() []byte) []byte {
	inner := func() []byte { return randomPacking(random, depth+1, text) }
	choice := random.IntN(4)
	if depth > 3 {
		choice = 0
	}
	if choice == 0 {
		return append([]byte("text: "), text()...) // never empty, nor packed by chance
	}
	if choice == 1 {
		return gzipOf(inner())
	}
	var entries []entry
	for i := range 1 + random.IntN(3) {
		entries = append(entries, entry{fmt.Sprintf("ENTRY%d", i), inner()})
	}
	if choice == 2 {
		return tarOf(entries...)
	}
	return zipOf(uint16(random.IntN(2))*zip.Deflate, entries...)
}

// Fuzzing holds the secrets, one a line, and the text against the reference; and
// tokens, that it does not know, in parts against all at once.
func FuzzCensor(f *testing.F) {
	f.Add("secret\npass\npassword", []byte("a secret password and c2VjcmV0"), uint64(1))
	f.Add("ab\nba\naab", []byte("abababaabbaab"), uint64(2))
	f.Add("key: s3cr3tS3cr3tS3cr3t", []byte("s3cr3tS3cr3tS3cr3t key%3A+s3cr3tS3cr3tS3cr3t"), uint64(3))
	f.Add("x", []byte("ghp_012345678901234567890123456789012345 eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln"), uint64(4))
	f.Add("x", []byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy\n-----END PRIVATE KEY-----\n"), uint64(5))
	f.Add("x", []byte("-----BEGIN PRIVATE KEY----\nand -----\n012345678901234567890123456789\n-----BEGIN PRIVATE KEY-----x-----"), uint64(6))
	f.Fuzz(func(t *testing.T, lines string, text []byte, seed uint64) {
		if len(lines) > 1<<10 || len(text) > 4<<10 {
			t.Skip("the reference is slow")
		}
		var values []censor.Value
		for line := range strings.Lines(lines) {
			values = append(values, censor.Value{Name: "a", Text: line})
		}
		random := rand.New(rand.NewPCG(seed, 0))
		if got, want := inParts(censor.New(values, censor.Options{}), text, random, nil), reference(values, 0, text); !bytes.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		secrets := censor.New(values, censor.Options{Shapes: true})
		if got, want := inParts(secrets, text, random, nil), secrets.Bytes(text, nil); !bytes.Equal(got, want) {
			t.Errorf("with shapes, in parts: got %q, at once %q", got, want)
		}
	})
}

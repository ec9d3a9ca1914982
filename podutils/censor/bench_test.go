// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// logText is what logs are like: of tests, of controllers, in JSON, of builds.
func logText(random *rand.Rand, size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		n := random.IntN(1000)
		switch random.IntN(6) {
		case 0:
			fmt.Fprintf(&b, "I0901 12:%02d:%02d.%06d %7d controller.go:%d] Reconciling pod test-pods/%x-%x took %dms\n", n%60, n%59, n*997, n*31, n, random.Uint32(), random.Uint64(), n)
		case 1:
			fmt.Fprintf(&b, `{"level":"info","ts":17%d.%d,"logger":"sidecar","msg":"Pulling image","image":"gcr.io/ci/sidecar@sha256:%x%x%x%x","duration":"%dms"}`+"\n", random.Uint32(), n, random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), n)
		case 2:
			fmt.Fprintf(&b, "ok  \tgithub.com/cutwater-ci/cutwater/podutils/censor\t%d.%03ds\tcoverage: %d.%d%% of statements\n", n%50, n, n%100, n%10)
		case 3:
			fmt.Fprintf(&b, "    --- PASS: TestSomething/case_%d (0.%02ds)\n        some_test.go:%d: waited for %d of %d replicas of deployment \"web\" -----\n", n, n%100, n, n%7, n%9)
		case 4:
			digest := make([]byte, 32)
			for i := range digest {
				digest[i] = byte(random.Uint32())
			}
			fmt.Fprintf(&b, "golang.org/x/tools v0.%d.%d h1:%s\n", n%40, n%10, base64.StdEncoding.EncodeToString(digest))
		case 5:
			fmt.Fprintf(&b, "+ kubectl --namespace=ci-%d get pods --output=json --selector=app=web,uid=%08x-%04x-%04x\n", n, random.Uint32(), n*60, n*7)
		}
	}
	return b.Bytes()[:size]
}

// fiftySecrets are as pods have them: passwords, tokens, keys and configurations.
func fiftySecrets(tb testing.TB, random *rand.Rand) []censor.Value {
	var values []censor.Value
	add := func(text string) {
		values = append(values, censor.Value{Name: fmt.Sprintf("/secrets/%d", len(values)), Text: text})
	}
	for i := range 47 {
		length := []int{8, 12, 20, 32, 40, 64, 100, 300, 2000}[i%9]
		raw := make([]byte, length)
		for j := range raw {
			raw[j] = byte(random.Uint32())
		}
		add(base64.RawURLEncoding.EncodeToString(raw)[:length] + "\n")
	}
	rsaKey, err := rsa.GenerateKey(crand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	add(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})))
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	add(fmt.Sprintf(`{"type":"service_account","project_id":"my-project","private_key_id":"%016x%016x","private_key":%q}`, random.Uint64(), random.Uint64(), block))
	add("apiVersion: v1\nkind: Config\nusers:\n- name: ci\n  user:\n    token: " + base64.RawURLEncoding.EncodeToString(der) + "\n")
	return values
}

// BenchmarkReader is of one core: a reader is not concurrent.
func BenchmarkReader(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	content := logText(random, 16<<20)
	values := fiftySecrets(b, random)
	for _, setup := range []struct {
		name    string
		secrets *censor.Secrets
	}{
		{"secrets=50/shapes=true", censor.New(values, censor.Options{Shapes: true})},
		{"secrets=50/shapes=false", censor.New(values, censor.Options{})},
		{"secrets=0/shapes=true", censor.New(nil, censor.Options{Shapes: true})},
	} {
		b.Run(setup.name, func(b *testing.B) {
			benchmarkCopy(b, content, func(r io.Reader) io.Reader { return setup.secrets.Reader(r, nil) })
		})
	}
}

// BenchmarkLines is of a log as it comes.
func BenchmarkLines(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	content := logText(random, 1<<20)
	secrets := censor.New(fiftySecrets(b, random), censor.Options{Shapes: true})
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		stream := secrets.Stream(nil)
		for line := range bytes.Lines(content) {
			stream.Add(line)
		}
		stream.Rest()
	}
}

// BenchmarkCopy is what BenchmarkReader is to be measured by.
func BenchmarkCopy(b *testing.B) {
	content := logText(rand.New(rand.NewPCG(1, 2)), 16<<20)
	benchmarkCopy(b, content, func(r io.Reader) io.Reader { return r })
}

func benchmarkCopy(b *testing.B, content []byte, reader func(io.Reader) io.Reader) {
	b.SetBytes(int64(len(content)))
	buffer := make([]byte, 64<<10)
	for b.Loop() {
		from := reader(struct{ io.Reader }{bytes.NewReader(content)}) // without shortcuts
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, from, buffer); err != nil {
			b.Fatal(err)
		}
	}
}

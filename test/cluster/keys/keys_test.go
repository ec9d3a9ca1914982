// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
)

func facts() Facts {
	return Facts{Node: "node", NodeAddress: "10.200.0.2", ServiceAddress: "10.96.0.1", Server: "https://10.200.0.2:6443", Now: time.Now()}
}

// A client trusts the API server by each of its names, and it knows the client.
func TestHandshake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if err := Make(dir, facts()); err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, Admin+".kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	authority, err := os.ReadFile(filepath.Join(dir, Authority))
	if err != nil || !pool.AppendCertsFromPEM(authority) {
		t.Fatal(err)
	}
	for _, host := range []string{"kubernetes.default.svc", "10.96.0.1", "10.200.0.2"} {
		for _, server := range []string{APIServer, Kubelet} {
			certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, server+".crt"), filepath.Join(dir, server+".key"))
			if err != nil {
				t.Fatal(err)
			}
			here, there := net.Pipe()
			end := tls.Server(here, &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
			client, err := tls.X509KeyPair(kubeconfig.CertData, kubeconfig.KeyData)
			if err != nil {
				t.Fatal(err)
			}
			result := make(chan error, 1)
			go func() {
				conn := tls.Client(there, &tls.Config{RootCAs: pool, ServerName: host, Certificates: []tls.Certificate{client}})
				result <- conn.HandshakeContext(t.Context())
				there.Close()
			}()
			_ = end.HandshakeContext(t.Context())
			err = <-result
			if want := server == APIServer || host == "10.200.0.2"; (err == nil) != want {
				t.Errorf("%s as %s: got error %v, want success: %v", server, host, err, want)
			}
			if peers := end.ConnectionState().PeerCertificates; err == nil {
				if diff := cmp.Diff([]string{"system:masters"}, peers[0].Subject.Organization); diff != "" {
					t.Errorf("%s as %s: the client's groups (-want +got):\n%s", server, host, diff)
				}
			}
		}
	}
}

// What is there is kept: the cluster's data is signed with it.
func TestMakeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	var got [2]string
	for i := range got {
		if err := Make(dir, facts()); err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(filepath.Join(dir, ServiceAccount))
		if err != nil {
			t.Fatal(err)
		}
		got[i] = string(key)
	}
	if got[0] != got[1] {
		t.Error("the second time made other keys")
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v; want the folder alone", entries, err)
	}
}

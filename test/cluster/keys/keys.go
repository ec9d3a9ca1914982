// SPDX-License-Identifier: Apache-2.0

// Package keys makes the certificates and kubeconfigs of a cluster: one
// authority, under which every part has a name of its own.
//
// Started by package cluster. Changes nothing but the folder that it makes.
package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Files that Make makes, besides NAME.crt and NAME.key of each name.
const (
	Authority      = "ca.crt" // what all certificates but the front proxy's are under
	AuthorityKey   = "ca.key"
	ServiceAccount = "service-account.key"

	FrontProxyAuthority = "front-proxy-ca.crt"
)

// Names of certificates; those of clients of the API server have a
// NAME.kubeconfig too.
const (
	APIServer         = "kube-apiserver"
	APIServerClient   = "kube-apiserver-kubelet-client"
	FrontProxy        = "front-proxy-client"
	Kubelet           = "kubelet"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Proxy             = "kube-proxy"
	DNS               = "coredns"
	Admin             = "admin"
)

// Facts are what certificates say of the cluster.
type Facts struct {
	Node        string // its name
	NodeAddress string
	// ServiceAddress is that of the API server's Service.
	ServiceAddress string
	// Server is the API server's URL.
	Server string
	Now    time.Time
}

// certificate is one to be made.
type certificate struct {
	name       string
	subject    pkix.Name
	hosts      []string // it is a server with these names and addresses
	client     bool
	kubeconfig bool
}

func certificates(f Facts) []certificate {
	as := func(user string, groups ...string) pkix.Name {
		return pkix.Name{CommonName: user, Organization: groups}
	}
	return []certificate{
		{name: APIServer, subject: as("kube-apiserver"), hosts: []string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			"localhost", "127.0.0.1", f.ServiceAddress, f.NodeAddress,
		}},
		{name: APIServerClient, subject: as("kube-apiserver-kubelet-client", "system:masters"), client: true},
		{name: Kubelet, subject: as("system:node:"+f.Node, "system:nodes"), hosts: []string{f.Node, f.NodeAddress}, client: true, kubeconfig: true},
		{name: ControllerManager, subject: as("system:kube-controller-manager"), client: true, kubeconfig: true},
		{name: Scheduler, subject: as("system:kube-scheduler"), client: true, kubeconfig: true},
		{name: Proxy, subject: as("system:kube-proxy"), client: true, kubeconfig: true},
		{name: DNS, subject: as("coredns", "system:masters"), client: true, kubeconfig: true}, // no role of Kubernetes' own fits
		{name: Admin, subject: as("admin", "system:masters"), client: true, kubeconfig: true},
	}
}

// Make makes the folder with all keys, unless it is there. They are valid for a
// year.
func Make(dir string, f Facts) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	work := dir + ".new" // an earlier one may have been cut short
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	m := maker{dir: work, facts: f}
	if err := m.all(); err != nil {
		return fmt.Errorf("making the cluster's keys: %w", err)
	}
	return os.Rename(work, dir)
}

type maker struct {
	dir   string
	facts Facts
}

func (m maker) all() error {
	ca, err := m.authority("ca", "cutwater cluster")
	if err != nil {
		return err
	}
	for _, c := range certificates(m.facts) {
		if err := m.sign(c, ca); err != nil {
			return fmt.Errorf("the certificate of %s: %w", c.name, err)
		}
	}
	frontProxy, err := m.authority("front-proxy-ca", "cutwater cluster front proxy")
	if err != nil {
		return err
	}
	if err := m.sign(certificate{name: FrontProxy, subject: pkix.Name{CommonName: FrontProxy}, client: true}, frontProxy); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return m.writeKey(ServiceAccount, key)
}

// pair is a certificate and its key.
type pair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// authority makes one that signs.
func (m maker) authority(name, commonName string) (pair, error) {
	return m.pair(name, &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}, nil)
}

func (m maker) sign(c certificate, by pair) error {
	template := &x509.Certificate{Subject: c.subject, KeyUsage: x509.KeyUsageDigitalSignature}
	if c.client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if len(c.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range c.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if _, err := m.pair(c.name, template, &by); err != nil || !c.kubeconfig {
		return err
	}
	return m.kubeconfig(c.name)
}

// pair makes a certificate that is signed by another or, without one, by itself.
func (m maker) pair(name string, template *x509.Certificate, by *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return pair{}, err
	}
	template.NotBefore, template.NotAfter = m.facts.Now.Add(-time.Hour), m.facts.Now.AddDate(1, 0, 0)
	if by == nil {
		by = &pair{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, &key.PublicKey, by.key)
	if err != nil {
		return pair{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(m.dir, name+".crt"), text, 0o600); err != nil {
		return pair{}, err
	}
	return pair{certificate: certificate, key: key}, m.writeKey(name+".key", key)
}

func (m maker) writeKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, file), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// kubeconfig writes a client's, which holds all that it needs.
func (m maker) kubeconfig(name string) error {
	content := map[string][]byte{}
	for _, file := range []string{Authority, name + ".crt", name + ".key"} {
		var err error
		if content[file], err = os.ReadFile(filepath.Join(m.dir, file)); err != nil {
			return err
		}
	}
	config := api.NewConfig()
	config.Clusters["cluster"] = &api.Cluster{Server: m.facts.Server, CertificateAuthorityData: content[Authority]}
	config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: content[name+".crt"], ClientKeyData: content[name+".key"]}
	config.Contexts["cluster"] = &api.Context{Cluster: "cluster", AuthInfo: name}
	config.CurrentContext = "cluster"
	return clientcmd.WriteToFile(*config, filepath.Join(m.dir, name+".kubeconfig"))
}

// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"

	"github.com/cutwater-ci/cutwater/test/cluster/keys"
)

// Command is how a part is run. The program has the part's name.
type Command struct {
	Part string
	Args []string
}

// Names of parts. The programs have the same names.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Containerd        = "containerd"
	Kubelet           = "kubelet"
	Proxy             = "kube-proxy"
	DNS               = "coredns"
)

// etcdURL is etcd's, in the cluster's network namespace, where only processes of the node
// reach it.
const etcdURL = "http://127.0.0.1:2379"

// Commands are all parts, in the order of their start.
func (c Cluster) Commands() []Command {
	return []Command{
		{Etcd, []string{
			"--data-dir=" + c.Path("etcd"),
			"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
			"--listen-peer-urls=http://127.0.0.1:2380",
			"--unsafe-no-fsync", // survives every crash but the machine's, which the cluster does not either
		}},
		{APIServer, c.apiServer()},
		{Containerd, []string{"--config=" + c.config("containerd.toml")}},
		{ControllerManager, append(c.controller(keys.ControllerManager),
			"--use-service-account-credentials",
			"--service-account-private-key-file="+c.key(keys.ServiceAccount),
			"--root-ca-file="+c.key(keys.Authority), // what pods trust
			"--cluster-signing-cert-file="+c.key(keys.Authority), "--cluster-signing-key-file="+c.key(keys.AuthorityKey),
			"--cluster-cidr="+c.Addresses.Pods.String(), "--service-cluster-ip-range="+c.Addresses.Services.String(),
		)},
		{Scheduler, c.controller(keys.Scheduler)},
		{Kubelet, []string{
			"--config=" + c.config("kubelet.json"), "--kubeconfig=" + c.key(keys.Kubelet+".kubeconfig"),
			"--root-dir=" + c.Path("kubelet"), "--cert-dir=" + c.Path("kubelet", "pki"),
			"--hostname-override=" + Node, "--node-ip=" + c.node(),
		}},
		{Proxy, []string{"--config=" + c.config("kube-proxy.json")}},
		{DNS, []string{"-conf", c.config("Corefile")}},
	}
}

func (c Cluster) apiServer() []string {
	return []string{
		"--advertise-address=" + c.node(), fmt.Sprintf("--secure-port=%d", APIPort),
		"--etcd-servers=" + etcdURL,
		"--service-cluster-ip-range=" + c.Addresses.Services.String(),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction", // besides those that always are, as PodSecurity
		"--allow-privileged",
		"--client-ca-file=" + c.key(keys.Authority),
		"--tls-cert-file=" + c.key(keys.APIServer+".crt"), "--tls-private-key-file=" + c.key(keys.APIServer+".key"),
		"--kubelet-certificate-authority=" + c.key(keys.Authority),
		"--kubelet-client-certificate=" + c.key(keys.APIServerClient+".crt"), "--kubelet-client-key=" + c.key(keys.APIServerClient+".key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc." + Domain,
		"--service-account-key-file=" + c.key(keys.ServiceAccount), "--service-account-signing-key-file=" + c.key(keys.ServiceAccount),
		"--proxy-client-cert-file=" + c.key(keys.FrontProxy+".crt"), "--proxy-client-key-file=" + c.key(keys.FrontProxy+".key"),
		"--requestheader-client-ca-file=" + c.key(keys.FrontProxyAuthority), "--requestheader-allowed-names=" + keys.FrontProxy,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
	}
}

// controller is what the two parts that act on objects have in common. They are
// alone, so none waits for a lease after a restart.
func (c Cluster) controller(name string) []string {
	kubeconfig := c.key(name + ".kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--leader-elect=false",
	}
}

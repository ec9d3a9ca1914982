// SPDX-License-Identifier: Apache-2.0

// Package settings writes the configuration files and command lines of a
// cluster's parts. It is pure: the same cluster gives the same files.
//
// Started by package cluster. Changes nothing.
package settings

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/cutwater-ci/cutwater/test/cluster/namespace"
)

const (
	// Node is the name of the one node.
	Node = "node"
	// Domain is that of the cluster's Services.
	Domain = "cluster.local"
	// APIPort is the API server's.
	APIPort = 6443
)

// Cluster is what the files say.
type Cluster struct {
	// Name tells it from others on the machine, in cgroups and CNI's records.
	Name string
	// Dir holds all of it.
	Dir string
	// Addresses are in its network namespace.
	Addresses namespace.Addresses
	// Pause is the reference of the image of a pod's sandbox.
	Pause string
	// Runc is the path of the program, and CNI that of the folder of plugins.
	Runc, CNI string
}

// Path is a file below the cluster's folder.
func (c Cluster) Path(names ...string) string {
	return filepath.Join(append([]string{c.Dir}, names...)...)
}

// Cgroup is the parent of all pods' cgroups, below the root of each hierarchy.
func (c Cluster) Cgroup() string { return "/" + c.Name }

// Containerd is the address of the cluster's containerd.
func (c Cluster) Containerd() string { return c.Path("containerd.sock") }

// Server is the API server's URL.
func (c Cluster) Server() string { return fmt.Sprintf("https://%s:%d", c.node(), APIPort) }

// DNS is where names are looked up.
func (c Cluster) DNS() string { return c.node() + ":53" }

func (c Cluster) node() string              { return c.Addresses.Node.Addr().String() }
func (c Cluster) key(name string) string    { return c.Path("keys", name) }
func (c Cluster) config(name string) string { return c.Path("config", name) }

// object is a configuration, as JSON, which is YAML too.
type object = map[string]any

// Files are the configuration files, by their name below the folder config.
func (c Cluster) Files() (map[string]string, error) {
	files := map[string]string{
		"containerd.toml": c.containerd(),
		"Corefile":        c.corefile(),
		"resolv.conf":     fmt.Sprintf("nameserver %s\n", c.node()),
	}
	for name, content := range map[string]object{
		"kubelet.json":             c.kubelet(),
		"kube-proxy.json":          c.proxy(),
		"cni/10-cutwater.conflist": c.cni(),
	} {
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return nil, err
		}
		files[name] = string(text) + "\n"
	}
	return files, nil
}

// containerd keeps everything below the cluster's folder, apart from that of
// the machine.
func (c Cluster) containerd() string {
	return fmt.Sprintf(`version = 2
root = %q
state = %q
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = %q

[plugins."io.containerd.internal.v1.opt"]
  path = %q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true # without CAP_SYS_RESOURCE nobody may lower it
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = %q
        Root = %q
`, c.Path("containerd"), c.Path("containerd-state"), c.Containerd(), c.Path("containerd-opt"), c.Pause, c.CNI, c.config("cni"), c.Runc, c.Path("runc"))
}

func (c Cluster) cni() object {
	return object{
		"cniVersion": "0.4.0",
		"name":       c.Name,
		"plugins": []object{
			{
				"type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
				"ipam": object{
					"type":    "host-local",
					"dataDir": c.Path("addresses"),
					"ranges":  [][]object{{{"subnet": c.Addresses.Pods.String()}}},
					"routes":  []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}
}

func (c Cluster) kubelet() object {
	return object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",

		"address":            c.node(),
		"authentication":     object{"anonymous": object{"enabled": false}, "webhook": object{"enabled": true}, "x509": object{"clientCAFile": c.key("ca.crt")}},
		"authorization":      object{"mode": "Webhook"},
		"tlsCertFile":        c.key("kubelet.crt"),
		"tlsPrivateKeyFile":  c.key("kubelet.key"),
		"healthzBindAddress": "127.0.0.1",

		"containerRuntimeEndpoint": "unix://" + c.Containerd(),
		"podLogsDir":               c.Path("pods"),
		"volumePluginDir":          c.Path("volume-plugins"),
		"clusterDNS":               []string{c.node()},
		"clusterDomain":            Domain,
		"resolvConf":               c.config("resolv.conf"),

		"cgroupDriver":           "cgroupfs",
		"cgroupRoot":             c.Cgroup(),
		"failCgroupV1":           false,
		"failSwapOn":             false,
		"oomScoreAdj":            0,
		"maxPods":                200,
		"registerNode":           true,
		"enableServer":           true,
		"makeIPTablesUtilChains": true,

		"localStorageCapacityIsolation": false,
		// Images come from no registry, so none may be dropped; and the machine's
		// disk is shared with others, who may fill it.
		"imageGCHighThresholdPercent": 100,
		"evictionHard":                object{"memory.available": "100Mi", "nodefs.available": "0%", "imagefs.available": "0%", "nodefs.inodesFree": "0%"},
	}
}

func (c Cluster) proxy() object {
	return object{
		"apiVersion":       "kubeproxy.config.k8s.io/v1alpha1",
		"kind":             "KubeProxyConfiguration",
		"mode":             "iptables",
		"clusterCIDR":      c.Addresses.Pods.String(),
		"hostnameOverride": Node,
		"clientConnection": object{"kubeconfig": c.key("kube-proxy.kubeconfig")},
		"conntrack":        object{"maxPerCore": 0, "min": 0}, // the table's size is the whole machine's
		"oomScoreAdj":      0,
	}
}

func (c Cluster) corefile() string {
	return fmt.Sprintf(`%s in-addr.arpa {
	errors
	cache 5
	kubernetes %[1]s in-addr.arpa {
		kubeconfig %[2]s
	}
}
`, Domain, c.key("coredns.kubeconfig"))
}

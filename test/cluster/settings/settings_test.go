// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/test/cluster/namespace"
)

func cluster(name string) Cluster {
	return Cluster{
		Name: "cutwater-" + name, Dir: "/state/" + name, Addresses: namespace.Default(),
		Pause: "dev.local/pause:1", Runc: "/usr/sbin/runc", CNI: "/usr/lib/cni",
	}
}

// Two clusters on a machine share no file, cgroup or socket.
func TestApart(t *testing.T) {
	files, err := cluster("dev").Files()
	if err != nil {
		t.Fatal(err)
	}
	others, err := cluster("two").Files()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(others))); diff != "" {
		t.Errorf("files (-dev +two):\n%s", diff)
	}
	for name, content := range others {
		if strings.Contains(content, "/state/dev") || strings.Contains(content, "cutwater-dev") {
			t.Errorf("%s of one cluster names another:\n%s", name, content)
		}
	}
	for _, command := range cluster("two").Commands() {
		if args := strings.Join(command.Args, " "); strings.Contains(args, "/state/dev") || !strings.Contains(args, "/state/two/") {
			t.Errorf("%s of one cluster is run with %s", command.Part, args)
		}
	}
}

// What the parts must agree on.
func TestAgreement(t *testing.T) {
	c := cluster("dev")
	files, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	var kubelet struct {
		ContainerRuntimeEndpoint, CgroupRoot string
		ClusterDNS                           []string
		FailCgroupV1                         *bool
		ResolvConf                           string
	}
	if err := json.Unmarshal([]byte(files["kubelet.json"]), &kubelet); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(files["containerd.toml"], `address = "`+strings.TrimPrefix(kubelet.ContainerRuntimeEndpoint, "unix://")+`"`) {
		t.Errorf("kubelet looks for containerd at %s", kubelet.ContainerRuntimeEndpoint)
	}
	if kubelet.CgroupRoot != c.Cgroup() {
		t.Errorf("kubelet's cgroup is %s, and ours %s", kubelet.CgroupRoot, c.Cgroup())
	}
	if kubelet.FailCgroupV1 == nil || *kubelet.FailCgroupV1 {
		t.Error("kubelet refuses cgroups of version 1")
	}
	if diff := cmp.Diff([]string{"10.200.0.2"}, kubelet.ClusterDNS); diff != "" || c.DNS() != "10.200.0.2:53" {
		t.Errorf("DNS is at %s; kubelet (-want +got):\n%s", c.DNS(), diff)
	}
	if got := files[strings.TrimPrefix(kubelet.ResolvConf, "/state/dev/config/")]; got != "nameserver 10.200.0.2\n" {
		t.Errorf("kubelet's resolv.conf is %q", got)
	}
	var network struct {
		Name    string
		Plugins []struct{ Type string }
	}
	if err := json.Unmarshal([]byte(files["cni/10-cutwater.conflist"]), &network); err != nil {
		t.Fatal(err)
	}
	if network.Name != c.Name || len(network.Plugins) != 2 || network.Plugins[0].Type != "bridge" {
		t.Errorf("the network is %+v", network)
	}
	for _, command := range c.Commands() {
		for _, arg := range command.Args {
			name, ok := strings.CutPrefix(arg, "--config=/state/dev/config/")
			if !ok {
				continue
			}
			if files[filepath.Clean(name)] == "" {
				t.Errorf("%s wants the file %s, which nobody writes", command.Part, name)
			}
		}
	}
}

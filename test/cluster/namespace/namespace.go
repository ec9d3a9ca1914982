// SPDX-License-Identifier: Apache-2.0

// Package namespace gives a cluster a network of its own: a network namespace
// with a bridge that holds the node's address. It is connected to nothing, so
// that every cluster has the same addresses and the machine's network stays as
// it is.
//
// Started by package cluster. Changes: the named network namespace.
package namespace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Addresses of a cluster.
type Addresses struct {
	Node     netip.Prefix // the node's, and the network that it is in
	Gateway  netip.Addr   // of the default route; nobody has it
	Pods     netip.Prefix
	Services netip.Prefix
}

// Default are the addresses of every cluster.
func Default() Addresses {
	return Addresses{
		Node:     netip.MustParsePrefix("10.200.0.2/24"),
		Gateway:  netip.MustParseAddr("10.200.0.1"),
		Pods:     netip.MustParsePrefix("10.244.0.0/16"),
		Services: netip.MustParsePrefix("10.96.0.0/16"),
	}
}

// APIService is the address of the API server's Service, which is always the
// first.
func (a Addresses) APIService() netip.Addr { return a.Services.Addr().Next() }

// Namespace is a network namespace with a name.
type Namespace struct{ Name string }

// Path is the file that nsenter --net takes.
func (n Namespace) Path() string { return filepath.Join("/run/netns", n.Name) }

// bridge has the node's address.
const bridge = "node"

// Make makes the namespace and what belongs in it, unless it is there.
func (n Namespace) Make(ctx context.Context, a Addresses) error {
	if _, err := os.Stat(n.Path()); errors.Is(err, fs.ErrNotExist) {
		if err := n.ip(ctx, "netns", "add", n.Name); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", bridge, "type", "bridge"},
		{"address", "replace", a.Node.String(), "dev", bridge},
		{"link", "set", bridge, "up"},
		{"route", "replace", "default", "via", a.Gateway.String(), "dev", bridge},
	} {
		if args[1] == "add" && n.has(bridge) {
			continue
		}
		if err := n.ip(ctx, append([]string{"-netns", n.Name}, args...)...); err != nil {
			return err
		}
	}
	return n.Do(func() error {
		for _, setting := range []string{"ipv4/ip_forward", "bridge/bridge-nf-call-iptables"} { // Services of pods on the same bridge
			if err := os.WriteFile(filepath.Join("/proc/sys/net", setting), []byte("1"), 0o644); err != nil {
				return fmt.Errorf("the kernel's setting net/%s (bridge needs the module br_netfilter): %w", setting, err)
			}
		}
		return nil
	})
}

func (n Namespace) has(link string) bool {
	err := n.Do(func() error {
		_, err := net.InterfaceByName(link)
		return err
	})
	return err == nil
}

// Remove removes the namespace, with all that is in it, if it is there.
func (n Namespace) Remove(ctx context.Context) error {
	if _, err := os.Stat(n.Path()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return n.ip(ctx, "netns", "delete", n.Name)
}

func (n Namespace) ip(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "ip", args...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", cmd.Args, err, said)
	}
	return nil
}

// Do runs f in the namespace: the sockets that it makes and the processes that
// it starts are in there. What f does in other goroutines is not.
func (n Namespace) Do(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		result <- n.enter(f)
	}()
	return <-result
}

func (n Namespace) enter(f func() error) error {
	file, err := os.Open(n.Path())
	if err != nil {
		return fmt.Errorf("entering the cluster's network: %w", err)
	}
	defer file.Close()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering the cluster's network: %w", err)
	}
	return f()
}

// Dial connects to an address in the namespace, for clients outside it. Names
// are looked up at dns, an address with port in the namespace.
func (n Namespace) Dial(ctx context.Context, dns, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) == nil {
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return n.dial(ctx, network, dns)
		}}
		found, err := resolver.LookupHost(ctx, host)
		if err != nil {
			return nil, err
		}
		host = found[0]
	}
	return n.dial(ctx, network, net.JoinHostPort(host, port))
}

// dial connects to an address without a name, which takes one goroutine only.
func (n Namespace) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

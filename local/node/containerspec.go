// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/cutwater-ci/cutwater/local/node/image"
	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// A containerImage is what a container's image means on this machine.
type containerImage struct {
	image.Image // without Root: this machine's own
	id          string
	program     string // of this machine; to be shown even where it is hidden
}

// sandboxSpec describes the container's process. Its errors are references of
// the pod to things that are not there.
func (c *container) sandboxSpec(ctx context.Context, img *containerImage) (sandbox.Spec, error) {
	n, pod := c.worker.node, c.worker.pod
	spec := sandbox.Spec{
		Isolation: n.opts.Isolation, Dir: filepath.Join(c.dir(), "box"), Image: img.Root,
		Hide: slices.Concat(n.opts.Hide, []string{n.opts.StateDir}),
	}
	u, err := c.user(img)
	if err != nil {
		return spec, err
	}
	spec.UID, spec.GID, spec.Groups = u.uid, u.gid, u.groups
	given, err := n.podVariables(ctx, pod, c.spec)
	if err != nil {
		return spec, err
	}
	env := &variables{}
	env.set("PATH", sandbox.DefaultPath)
	env.set("HOME", u.home)
	env.setAll(img.Env)
	env.setAll(given.list())
	spec.Env = env.list()
	spec.Args = command(c.spec, img, given.values)
	spec.WorkingDir = img.WorkingDir
	if c.spec.WorkingDir != "" {
		spec.WorkingDir = c.spec.WorkingDir
	}
	if n.opts.Isolation != IsolationNone {
		if spec.Mounts, err = c.mounts(img, given.values); err != nil {
			return spec, err
		}
	}
	applySecurity(&spec, c.spec.SecurityContext)
	return spec, nil
}

// command is what the container executes.
func command(c *corev1.Container, img *containerImage, values map[string]string) []string {
	given := make([]string, 0, len(c.Command)+len(c.Args))
	for _, arg := range slices.Concat(c.Command, c.Args) {
		given = append(given, expand(arg, values))
	}
	switch {
	case len(c.Command) > 0:
		return given
	case len(c.Args) > 0:
		return slices.Concat(img.Entrypoint, given)
	}
	return slices.Concat(img.Entrypoint, img.Cmd)
}

// user is whom the container runs as.
func (c *container) user(img *containerImage) (user, error) {
	if img.Root != "" {
		return containerUser(c.worker.pod, c.spec, img.Root, img.User)
	}
	// On this machine's own root: as this very user, unless the pod says.
	self := fmt.Sprintf("%d:%d", os.Geteuid(), os.Getegid())
	u, err := containerUser(c.worker.pod, c.spec, "/", self)
	if u.uid == os.Geteuid() {
		for _, e := range c.worker.node.opts.HostEnv {
			if home, ok := strings.CutPrefix(e, "HOME="); ok {
				u.home = home
			}
		}
	}
	return u, err
}

// mounts lists what is mounted into the container.
func (c *container) mounts(img *containerImage, values map[string]string) ([]sandbox.Mount, error) {
	mounts := []sandbox.Mount{{Source: filepath.Join(c.dir(), "message"), Target: c.messagePath()}}
	for _, m := range c.spec.VolumeMounts {
		volume, ok := c.worker.volumes[m.Name]
		if !ok {
			return nil, fmt.Errorf("volume %q is not one of the pod's", m.Name)
		}
		sub := m.SubPath
		if m.SubPathExpr != "" {
			sub = expand(m.SubPathExpr, values)
		}
		if !filepath.IsLocal(sub) && sub != "" {
			return nil, fmt.Errorf("subPath %q must be a path inside its volume", sub)
		}
		target := m.MountPath
		if !path.IsAbs(target) {
			target = "/" + target
		}
		mounts = append(mounts, sandbox.Mount{
			Source: volume, SubPath: sub, Target: target, ReadOnly: m.ReadOnly || readOnlyVolume(c.worker.pod, m.Name),
		})
	}
	taken := func(target string) bool {
		return slices.ContainsFunc(mounts, func(m sandbox.Mount) bool { return path.Clean(m.Target) == target })
	}
	if img.Root == "" {
		if !taken("/tmp") {
			mounts = append(mounts, sandbox.Mount{Source: filepath.Join(c.dir(), "box/tmp"), Target: "/tmp"})
		}
		if img.program != "" {
			for _, dir := range c.worker.node.opts.Share {
				mounts = append(mounts, sandbox.Mount{Source: dir, Target: dir})
			}
			mounts = append(mounts, sandbox.Mount{Source: img.program, Target: img.program, ReadOnly: true})
		}
		return mounts, nil
	}
	// The machine's network needs the machine's names.
	for _, target := range []string{"/etc/resolv.conf", "/etc/hosts"} {
		source, err := filepath.EvalSymlinks(target)
		if err == nil && !taken(target) {
			mounts = append(mounts, sandbox.Mount{Source: source, Target: target, ReadOnly: true})
		}
	}
	return mounts, nil
}

// messagePath is where the container may leave its termination message.
func (c *container) messagePath() string {
	if c.spec.TerminationMessagePath != "" {
		return c.spec.TerminationMessagePath
	}
	return corev1.TerminationMessagePathDefault
}

// readOnlyVolume says whether the volume called name holds what the cluster
// says, which containers cannot change.
func readOnlyVolume(pod *corev1.Pod, name string) bool {
	for _, v := range pod.Spec.Volumes {
		if v.Name == name {
			return v.Secret != nil || v.ConfigMap != nil || v.DownwardAPI != nil || v.Projected != nil
		}
	}
	return false
}

// applySecurity restricts the process as the container's security context
// says.
func applySecurity(spec *sandbox.Spec, security *corev1.SecurityContext) {
	if security == nil {
		return
	}
	yes := func(b *bool) bool { return b != nil && *b }
	spec.Privileged = yes(security.Privileged)
	spec.ReadOnlyRoot = yes(security.ReadOnlyRootFilesystem)
	spec.NoNewPrivileges = security.AllowPrivilegeEscalation != nil && !*security.AllowPrivilegeEscalation
	if security.Capabilities != nil {
		for _, name := range security.Capabilities.Add {
			spec.AddCapabilities = append(spec.AddCapabilities, string(name))
		}
		for _, name := range security.Capabilities.Drop {
			spec.DropCapabilities = append(spec.DropCapabilities, string(name))
		}
	}
}

// unsupported says why this node cannot run pod at all, or nothing.
func (n *Node) unsupported(pod *corev1.Pod) error {
	if n.opts.Isolation != IsolationNone {
		return nil
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if len(c.VolumeMounts) > 0 {
			return fmt.Errorf("container %s mounts volumes, which this machine does not allow: neither root nor user namespaces", c.Name)
		}
		if _, ok := n.opts.Images[c.Image]; !ok && c.Image != HostImage {
			return fmt.Errorf("container %s needs image %s as its root, which this machine does not allow: neither root nor user namespaces",
				c.Name, c.Image)
		}
	}
	return nil
}

// errNeverPull says that an image is not here and must not be pulled.
var errNeverPull = errors.New("container image is not present with pull policy of Never")

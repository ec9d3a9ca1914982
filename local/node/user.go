// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A user is whom a container runs as.
type user struct {
	uid, gid int
	groups   []int
	home     string
}

// An account is one line of /etc/passwd.
type account struct {
	name     string
	uid, gid int
	home     string
}

// containerUser is whom container c of pod runs as, in the root file system at
// root, when its image says imageUser.
func containerUser(pod *corev1.Pod, c *corev1.Container, root, imageUser string) (user, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return user{}, fmt.Errorf("opening the container's root: %w", err)
	}
	defer dir.Close()
	u, err := imageAccount(dir, imageUser)
	if err != nil {
		return user{}, err
	}
	own, shared := c.SecurityContext, pod.Spec.SecurityContext
	if own == nil {
		own = &corev1.SecurityContext{}
	}
	if shared == nil {
		shared = &corev1.PodSecurityContext{}
	}
	if id := first(own.RunAsUser, shared.RunAsUser); id != nil {
		u.uid, u.gid = int(*id), 0
		if a, ok := findAccount(dir, func(a account) bool { return a.uid == u.uid }); ok {
			u.gid = a.gid
		}
	}
	if id := first(own.RunAsGroup, shared.RunAsGroup); id != nil {
		u.gid = int(*id)
	}
	if must := first(own.RunAsNonRoot, shared.RunAsNonRoot); must != nil && *must && u.uid == 0 {
		return user{}, errors.New("container has runAsNonRoot and image will run as root")
	}
	for _, g := range shared.SupplementalGroups {
		u.groups = append(u.groups, int(g))
	}
	if shared.FSGroup != nil {
		u.groups = append(u.groups, int(*shared.FSGroup))
	}
	u.home = "/"
	if a, ok := findAccount(dir, func(a account) bool { return a.uid == u.uid }); ok && a.home != "" {
		u.home = a.home
	}
	return u, nil
}

// first is the first of values that is set.
func first[T any](values ...*T) *T {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// imageAccount resolves an image's user: "", "user" or "user:group".
func imageAccount(dir *os.Root, imageUser string) (user, error) {
	if imageUser == "" {
		return user{}, nil
	}
	name, group, hasGroup := strings.Cut(imageUser, ":")
	var u user
	if id, err := strconv.Atoi(name); err == nil {
		u.uid = id
		if a, ok := findAccount(dir, func(a account) bool { return a.uid == id }); ok {
			u.gid = a.gid
		}
	} else {
		a, ok := findAccount(dir, func(a account) bool { return a.name == name })
		if !ok {
			return user{}, fmt.Errorf("unable to find user %s: no matching entries in passwd file", name)
		}
		u.uid, u.gid = a.uid, a.gid
	}
	if !hasGroup {
		return u, nil
	}
	if id, err := strconv.Atoi(group); err == nil {
		u.gid = id
		return u, nil
	}
	for _, f := range records(dir, "etc/group") {
		if len(f) >= 3 && f[0] == group {
			if id, err := strconv.Atoi(f[2]); err == nil {
				u.gid = id
				return u, nil
			}
		}
	}
	return user{}, fmt.Errorf("unable to find group %s: no matching entries in group file", group)
}

// findAccount looks in /etc/passwd below dir.
func findAccount(dir *os.Root, match func(account) bool) (account, bool) {
	for _, f := range records(dir, "etc/passwd") {
		if len(f) < 6 {
			continue
		}
		uid, uidErr := strconv.Atoi(f[2])
		gid, gidErr := strconv.Atoi(f[3])
		a := account{name: f[0], uid: uid, gid: gid, home: f[5]}
		if uidErr == nil && gidErr == nil && match(a) {
			return a, true
		}
	}
	return account{}, false
}

// records reads a file of colon separated records; one that is missing or
// leads out of dir has none.
func records(dir *os.Root, name string) [][]string {
	f, err := dir.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	var out [][]string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		out = append(out, strings.Split(lines.Text(), ":"))
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os"
	"strconv"
	"strings"
)

// mount is one of this machine's.
type mount struct {
	root string // of what is mounted, in its file system
	at   string
	kind string // of file system
}

func mounts() ([]mount, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMounts(string(info)), nil
}

// parseMounts reads lines as
// "36 35 98:0 /root /at rw,noatime master:1 - ext3 /dev/root rw".
func parseMounts(info string) []mount {
	var all []mount
	for line := range strings.Lines(info) {
		before, after, ok := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(rest) == 0 {
			continue
		}
		all = append(all, mount{root: unescape(fields[3]), at: unescape(fields[4]), kind: rest[0]})
	}
	return all
}

// unescape turns \040 and such, which stand for white space, into what they mean.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if code, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// below are the places of mounts in a folder, the last mounted first.
func below(all []mount, dir string) []string {
	var places []string
	for i := len(all) - 1; i >= 0; i-- {
		if strings.HasPrefix(all[i].at, dir+"/") {
			places = append(places, all[i].at)
		}
	}
	return places
}

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// tunables are settings of the whole machine that a kubelet changes when it
// starts (pkg/kubelet/cm, setupKernelTunables) and does not set back: memory that
// is promised, and what a kernel in trouble does.
func tunables() []string {
	return []string{
		"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
		"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	}
}

// kernel remembers what the settings were before the first of the machine's
// clusters was started.
type kernel struct {
	dir  string // of the kernel's settings
	file string // which remembers
}

// kept is what the file says.
type kept struct {
	Boot     string            `json:"boot"` // the settings hold until the machine is started again
	Settings map[string]string `json:"settings"`
}

func (c *Cluster) kernel() kernel {
	return kernel{dir: "/proc/sys", file: filepath.Join(filepath.Dir(c.settings.Dir), "kernel.json")}
}

// keep remembers the settings, unless another cluster may have changed them.
func (k kernel) keep() error {
	boot, err := k.read("kernel/random/boot_id")
	if err != nil {
		return err
	}
	if before, err := k.before(); err != nil || before.Boot == boot {
		return err
	}
	now := kept{Boot: boot, Settings: map[string]string{}}
	for _, name := range tunables() {
		value, err := k.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // this kernel has none
		}
		if err != nil {
			return err
		}
		now.Settings[name] = value
	}
	content, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(k.file+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(k.file+".new", k.file)
}

// reset sets back what was changed, and forgets it.
func (k kernel) reset() error {
	before, err := k.before()
	if err != nil || before.Boot == "" {
		return err
	}
	boot, err := k.read("kernel/random/boot_id")
	if err != nil {
		return err
	}
	for name, value := range before.Settings {
		if now, err := k.read(name); err == nil && now == value || before.Boot != boot {
			continue
		}
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(value), 0o644); err != nil {
			return err
		}
	}
	return os.Remove(k.file)
}

// before is what the file says: nothing if there is none.
func (k kernel) before() (kept, error) {
	content, err := os.ReadFile(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, nil
	}
	if err != nil {
		return kept{}, err
	}
	var before kept
	if err := json.Unmarshal(content, &before); err != nil {
		return kept{}, fmt.Errorf("reading %s: %w", k.file, err)
	}
	return before, nil
}

func (k kernel) read(name string) (string, error) {
	value, err := os.ReadFile(filepath.Join(k.dir, name))
	return string(value), err
}

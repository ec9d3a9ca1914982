// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// machine is a folder in the place of the kernel's settings.
type machine struct {
	*testing.T
	kernel
}

func newMachine(t *testing.T, boot string) machine {
	m := machine{t, kernel{dir: t.TempDir(), file: filepath.Join(t.TempDir(), "kernel.json")}}
	m.set("kernel/random/boot_id", boot)
	m.set("vm/overcommit_memory", "0\n")
	m.set("kernel/panic", "0\n")
	return m
}

func (m machine) set(name, value string) {
	m.Helper()
	path := filepath.Join(m.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(value), 0o644)); err != nil {
		m.Fatal(err)
	}
}

func (m machine) want(overcommit, panics string) {
	m.Helper()
	for name, want := range map[string]string{"vm/overcommit_memory": overcommit, "kernel/panic": panics} {
		if got, err := m.read(name); err != nil || got != want {
			m.Errorf("%s: got %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(m.dir, "vm/panic_on_oom")); !errors.Is(err, fs.ErrNotExist) {
		m.Errorf("a setting that was not there: %v", err)
	}
}

// What was before the first cluster is again after the last.
func TestKernel(t *testing.T) {
	m := newMachine(t, "boot 1")
	for range 2 { // the second cluster finds what the first's kubelet did
		if err := m.keep(); err != nil {
			t.Fatal(err)
		}
		m.set("vm/overcommit_memory", "1\n")
		m.set("kernel/panic", "10\n")
	}
	for range 2 { // a stop may be repeated
		if err := m.reset(); err != nil {
			t.Fatal(err)
		}
		m.want("0\n", "0\n")
	}
}

// After the machine was started again, its settings are not those of before.
func TestKernelRestarted(t *testing.T) {
	m := newMachine(t, "boot 1")
	if err := m.keep(); err != nil {
		t.Fatal(err)
	}
	m.set("kernel/random/boot_id", "boot 2")
	m.set("kernel/panic", "5\n")
	if err := m.keep(); err != nil {
		t.Fatal(err)
	}
	m.set("kernel/panic", "10\n")
	m.set("kernel/random/boot_id", "boot 3")
	m.set("kernel/panic", "7\n")
	if err := m.reset(); err != nil {
		t.Fatal(err)
	}
	m.want("0\n", "7\n")
	if _, err := os.Stat(m.file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it remembers: %v", err)
	}
}

// While another cluster stands, nothing is set back.
func TestKernelOfTwo(t *testing.T) {
	c := &Cluster{settings: settings.Cluster{Dir: filepath.Join(t.TempDir(), "one")}}
	other := filepath.Join(filepath.Dir(c.settings.Dir), "two")
	remembered := []byte(`{"boot": "another", "settings": {}}`)
	if err := errors.Join(os.Mkdir(other, 0o755), os.WriteFile(filepath.Join(other, recordFile), nil, 0o644), os.WriteFile(c.kernel().file, remembered, 0o644)); err != nil {
		t.Fatal(err)
	}
	var got []bool
	for _, end := range []func() error{func() error { return nil }, func() error { return os.RemoveAll(other) }} {
		if err := errors.Join(end(), c.resetKernel(t.Context())); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(c.kernel().file)
		got = append(got, err == nil)
	}
	if diff := cmp.Diff([]bool{true, false}, got); diff != "" {
		t.Errorf("remembers while another stands, and when it is gone (-want +got):\n%s", diff)
	}
}

// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// run runs spec's command and returns what it printed.
func run(t *testing.T, spec sandbox.Spec) (string, sandbox.Exit, error) {
	t.Helper()
	launcher := sandbox.NewLauncher("/proc/self/exe")
	defer launcher.Close()
	spec.Dir = t.TempDir()
	t.Cleanup(func() {
		if err := sandbox.RemoveAll(spec.Dir); err != nil {
			t.Error(err)
		}
	})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := launcher.Start(spec, w, w, nil)
	_ = w.Close()
	if err != nil {
		return "", sandbox.Exit{}, err
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	return string(out), exit, err
}

func probe(t *testing.T) sandbox.Isolation {
	t.Helper()
	isolation, err := sandbox.Probe(t.Context(), "/proc/self/exe")
	if err != nil {
		t.Skip(err)
	}
	return isolation
}

func TestCapabilities(t *testing.T) {
	isolation := probe(t)
	const usual = 0xa00405fb | 1<<13
	// A new user namespace has them all, root maybe less.
	all := uint64(1<<41 - 1)
	if isolation == sandbox.Root {
		out, err := exec.CommandContext(t.Context(), "sed", "-n", "s/CapBnd:.//p", "/proc/self/status").Output()
		if err != nil {
			t.Fatal(err)
		}
		if all, err = strconv.ParseUint(strings.TrimSpace(string(out)), 16, 64); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		spec sandbox.Spec
		want uint64
	}{
		{"usual", sandbox.Spec{}, usual},
		{"one more", sandbox.Spec{AddCapabilities: []string{"NET_ADMIN"}}, usual | 1<<12},
		{"some less", sandbox.Spec{DropCapabilities: []string{"CAP_CHOWN", "net_raw"}}, usual &^ (1<<0 | 1<<13)},
		{"none but one", sandbox.Spec{DropCapabilities: []string{"ALL"}, AddCapabilities: []string{"KILL"}}, 1 << 5},
		{"privileged", sandbox.Spec{Privileged: true}, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.spec.Isolation = isolation
			test.spec.Args = []string{"sed", "-n", "s/CapEff:.//p;s/NoNewPrivs:.//p", "/proc/self/status"}
			test.spec.NoNewPrivileges = true
			out, exit, err := run(t, test.spec)
			if err != nil || exit.Code != 0 {
				t.Fatalf("got %v, %v", exit, err)
			}
			fields := strings.Fields(out)
			if len(fields) != 2 || fields[1] != "1" {
				t.Fatalf("got %q, want capabilities and no_new_privs 1", out)
			}
			if got, err := strconv.ParseUint(fields[0], 16, 64); err != nil || got != test.want {
				t.Errorf("got %x, want %x", got, test.want)
			}
		})
	}
}

// As another user, or, in a user namespace, under another's name, a process
// has no capabilities.
func TestUser(t *testing.T) {
	out, _, err := run(t, sandbox.Spec{
		Isolation: probe(t), UID: 1234, GID: 56, WorkingDir: "/tmp",
		Args: []string{"sh", "-c", "id -u; id -g; sed -n s/CapEff:.//p /proc/self/status"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("1234\n56\n0000000000000000\n", out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHide(t *testing.T) {
	isolation := probe(t)
	dir, err := os.MkdirTemp("/var/tmp", "cutwater-hide-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("seen"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spec sandbox.Spec
		want string
	}{
		{sandbox.Spec{}, "seen"},
		{sandbox.Spec{Hide: []string{dir}}, "hidden"},
		{sandbox.Spec{Hide: []string{dir}, Mounts: []sandbox.Mount{{Source: file, Target: file}}}, "seen"},
		{sandbox.Spec{Hide: []string{filepath.Dir(dir), dir, "/not/there"}}, "hidden"},
	} {
		test.spec.Isolation, test.spec.Args = isolation, []string{"sh", "-c", "cat " + file + " 2>/dev/null || echo -n hidden"}
		out, _, err := run(t, test.spec)
		if err != nil || out != test.want {
			t.Errorf("hiding %v: got %q, %v; want %q", test.spec.Hide, out, err, test.want)
		}
	}
}

func TestStartError(t *testing.T) {
	for _, isolation := range []sandbox.Isolation{sandbox.None, probe(t)} {
		for _, test := range []struct {
			spec sandbox.Spec
			want sandbox.StartError
		}{
			{sandbox.Spec{}, sandbox.StartError{Code: 128, Message: "no command specified"}},
			{sandbox.Spec{Args: []string{"/etc"}}, sandbox.StartError{Code: 126, Message: `exec "/etc": permission denied`}},
			{sandbox.Spec{Args: []string{"/none"}}, sandbox.StartError{Code: 127, Message: `exec "/none": no such file or directory`}},
			{sandbox.Spec{Args: []string{"none"}}, sandbox.StartError{Code: 127, Message: `exec: "none": executable file not found in $PATH`}},
			{sandbox.Spec{Args: []string{"true"}, WorkingDir: "x"}, sandbox.StartError{Code: 128, Message: `working directory "x" is not an absolute path`}},
		} {
			test.spec.Isolation = isolation
			_, _, err := run(t, test.spec)
			var got *sandbox.StartError
			if !errors.As(err, &got) {
				t.Errorf("%v, %v: got %v, want a StartError", isolation, test.spec.Args, err)
				continue
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("%v, %v (-want +got):\n%s", isolation, test.spec.Args, diff)
			}
		}
	}
}

// The end of a process is the end of all that it has started, wherever that
// has put itself.
func TestNothingSurvives(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	_, exit, err := run(t, sandbox.Spec{
		Isolation: probe(t), Mounts: []sandbox.Mount{{Source: fifo, Target: "/fifo"}},
		Args: []string{"sh", "-c", "exec 3<>/fifo; setsid sleep 1000 & exit 7"},
	})
	if err != nil || exit.Code != 7 {
		t.Fatalf("got %v, %v; want exit code 7", exit, err)
	}
	// Without a reader left, a fifo cannot be opened for writing.
	f, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if !errors.Is(err, syscall.ENXIO) {
		t.Errorf("opening the fifo: got %v, %v; want that nobody has it open", f, err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// The program as its image has it.
func TestProgram(t *testing.T) {
	program := build(t)
	for name, test := range map[string]func(t *testing.T, program string){
		"static": testStatic, "flags": testFlags, "nobody": testNobody, "stopped": testStopped, "full disk": testFullDisk,
	} {
		t.Run(name, func(t *testing.T) { test(t, program) })
	}
}

func testStatic(t *testing.T, program string) {
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, header := range file.Progs {
		if header.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic linker")
		}
	}
}

// build builds the program; others may run it.
func build(tb testing.TB) string {
	tb.Helper()
	program := filepath.Join(openDir(tb), "clonerefs")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-ldflags", "-s -w", "-o", program, "../../cmd/clonerefs")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building clonerefs: %v\n%s", err, output)
	}
	return program
}

// openDir is a temporary folder that others can get into.
func openDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "clonerefs-test-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Refs, alias, URI and the rest as flags; options in the environment put all of
// them aside.
func testFlags(t *testing.T, program string) {
	source := newSource(t)
	runScript(t, source, "mkdir org; ln -s ../repo.git org/repo.git; ln -s ../repo.git org/other.git")
	dir := t.TempDir()
	flags := []string{
		"--src-root=" + dir + "/go", "--log=" + dir + "/clone.json", "--fail", "--max-workers=1",
		"--git-user-name=ann", "--git-user-email=ann@example.test",
		"--clone-alias=example.test/{{.Org}}/{{ .Repo }}", "--uri-prefix=file://" + source + "/{{.Org}}/{{.Repo}}.git",
		"--repo=org,repo=main:" + mainSHA + ",1:" + pull1 + ",2", "--repo=org,other=main,2:" + pull2 + ":refs/pull/2/head",
	}
	cmd := exec.CommandContext(t.Context(), program, flags...)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for repo, want := range map[string]string{"repo": "one", "other": "two"} {
		clone := filepath.Join(dir, "go/src/example.test/org", repo)
		if _, err := os.Stat(filepath.Join(clone, want)); err != nil {
			t.Error(err)
		}
		if author := git(t, clone, "log", "-1", "--format=%an <%ae>"); author != "ann <ann@example.test>" {
			t.Errorf("author of the merge is %s", author)
		}
	}
	for flag, want := range map[string]string{
		"--repo=org":           "no '='",
		"--clone-alias={{.X}}": "--clone-alias",
		"--uri-prefix={{":      "--uri-prefix",
		"--no-such-flag":       "no-such-flag",
	} {
		cmd := exec.CommandContext(t.Context(), program, append(flags, flag)...)
		if output, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(output), want) {
			t.Errorf("%s: error %v, want one of …%s…:\n%s", flag, err, want, output)
		}
	}
	o := newOptions(t, refsOf(source))
	o.GitUserName, o.GitUserEmail = "", ""
	cmd = start(t, program, o)
	cmd.Args = append(cmd.Args, "--no-such-flag")
	if err := cmd.Run(); err != nil {
		t.Errorf("with options in the environment: %v\n%s", err, cmd.Stderr)
	}
	if user := git(t, filepath.Join(o.SrcRoot, "src/github.com/org/repo"), "config", "--local", "user.name"); user != "" {
		t.Errorf("user name is %s, which only the flag has as its default", user)
	}
}

// start makes a command of the program with options and an output.
func start(t *testing.T, program string, o *options.Clone) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), options.CloneEnv+"="+string(text))
	output := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = output, output
	return cmd
}

// Any user can run it, without a home, where only the folder of temporary files,
// that of the code and the log can be written.
func testNobody(t *testing.T, program string) {
	dir := openDir(t)
	f, _ := newForges(t)
	f.users["/org/"], f.cookie = token+":x-oauth-basic", otherToken
	for _, home := range []string{"", "HOME=/", "HOME=/no/such/home"} {
		o := newOptions(t, f.refs("org", "repo", prowv1.Pull{Number: 1, SHA: pull1}))
		place, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		o.SrcRoot, o.Log, o.Fail = place+"/go", place+"/clone.json", true
		o.OauthTokenFile, o.CookiePath = filepath.Join(place, "token"), writeCookies(t, place, f)
		if err := errors.Join(os.WriteFile(o.OauthTokenFile, []byte(token), 0o400), os.Mkdir(place+"/tmp", 0o700)); err != nil {
			t.Fatal(err)
		}
		cmd := start(t, program, o)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + place + "/tmp", home, cmd.Env[len(cmd.Env)-1]}
		if os.Geteuid() == 0 { // else we are an ordinary user anyway
			giveTo(t, nobody, place)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		cmd.Dir = "/"
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v\n%s", home, err, cmd.Stderr)
			continue
		}
		for _, secret := range forms(token, otherToken) {
			if strings.Contains(cmd.Stderr.(*bytes.Buffer).String()+f.spy.text(t), secret) {
				t.Errorf("output or process list holds %q:\n%s", secret, cmd.Stderr)
			}
		}
		if err := errors.Join(os.Remove(o.OauthTokenFile), os.Remove(o.CookiePath)); err != nil {
			t.Fatal(err)
		}
		checkSecrecy(t, f.spy, "", o)
		if entries, err := os.ReadDir(place + "/tmp"); err != nil || len(entries) > 0 {
			t.Errorf("temporary files are left: %v (%v)", entries, err)
		}
	}
}

const nobody = 65534

func giveTo(t *testing.T, user int, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, user, user))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Told to stop, it ends git and what git started, and writes what it has.
func testStopped(t *testing.T, program string) {
	f, _ := newForges(t)
	reached, left := f.hang("/org/", 1)
	o := newOptions(t, f.refs("open", "repo"), f.refs("org", "repo"))
	o.MaxParallelWorkers = 1
	cmd := start(t, program, o)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v, want exit code 1:\n%s", exit, cmd.Stderr)
	}
	<-left // git has closed the connection
	records := readRecords(t, o.Log)[1:]
	checkCloned(t, records[:1])
	checkExplained(t, records[1:], "The pod was told to stop before everything was cloned.")
}

// A full disk is named, and not filled again and again.
func testFullDisk(t *testing.T, program string) {
	if err := exec.CommandContext(t.Context(), "unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", t.TempDir()).Run(); err != nil {
		t.Skip("this machine does not let us make a small disk")
	}
	source := newSource(t)
	runScript(t, source, "cd work; head -c 2000000 /dev/urandom > big; git add big; git commit -qm big; git push -q ../repo.git main")
	refs := refsOf(source)
	refs.BaseSHA = ""
	o := newOptions(t, refs)
	disk := t.TempDir()
	o.SrcRoot = filepath.Join(disk, "go")
	cmd := start(t, program, o)
	cmd.Args = append([]string{"unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs " + disk + " && exec " + program}, cmd.Args[1:]...)
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = unshare
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, cmd.Stderr)
	}
	records := readRecords(t, o.Log)[1:]
	checkExplained(t, records, "The disk that the code is cloned to is full.")
	if log := cmd.Stderr.(*bytes.Buffer).String(); strings.Contains(log, "Trying again") {
		t.Errorf("it tried again:\n%s", layout.CloneLog(records))
	}
}

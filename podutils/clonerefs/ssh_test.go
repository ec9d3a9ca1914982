// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// sshHost serves the repositories of a folder by SSH, to who has the key.
type sshHost struct {
	address     string
	fingerprint string // as in a known_hosts file
	spy         *spy
}

// newSSHHost also makes a folder that holds the key as a mounted secret does, and
// returns it with the secret part of the key.
func newSSHHost(t *testing.T, dir string) (host *sshHost, keys, secret string) {
	t.Helper()
	for _, program := range []string{"ssh", "ssh-agent", "ssh-add"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("no OpenSSH on this machine")
		}
	}
	keys = filepath.Join(t.TempDir(), "secret")
	allowed, secret := writeSSHKey(t, keys)
	if err := os.MkdirAll(filepath.Join(keys, "..data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "..data", "x"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != "git" || string(key.Marshal()) != string(allowed.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host = &sshHost{address: listener.Addr().String(), spy: &spy{}}
	_, port, _ := net.SplitHostPort(host.address)
	host.fingerprint = "[127.0.0.1]:" + port + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	var connections sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		connections.Wait()
	})
	connections.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { host.serve(t, dir, connection, config) })
		}
	})
	return host, keys, secret
}

// writeSSHKey makes a private key in the folder, and returns the public one and a
// line of the private one.
func writeSSHKey(t *testing.T, folder string) (ssh.PublicKey, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(block)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key, strings.Split(string(text), "\n")[3]
}

func (h *sshHost) serve(t *testing.T, dir string, connection net.Conn, config *ssh.ServerConfig) {
	server, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		return // it was refused
	}
	defer server.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range requests {
			if request.Type != "exec" {
				continue // such as a variable of the environment
			}
			_ = request.Reply(true, nil)
			h.spy.look(t)
			var run struct{ Command string }
			_ = ssh.Unmarshal(request.Payload, &run)
			status := struct{ Code uint32 }{Code: uint32(uploadPack(dir, run.Command, channel))}
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(&status))
			_ = channel.Close()
		}
	}
}

// uploadPack does what a git host allows: git-upload-pack '/path'.
func uploadPack(dir, command string, channel ssh.Channel) int {
	path, ok := strings.CutPrefix(command, "git-upload-pack '/")
	if !ok {
		return 127
	}
	cmd := exec.Command("git", "upload-pack", filepath.Join(dir, strings.TrimSuffix(path, "'")))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 1
	}
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	go func() {
		_, _ = io.Copy(stdin, channel)
		_ = stdin.Close()
	}()
	if cmd.Run() != nil {
		return 1
	}
	return 0
}

// refs are those of a repository of the host.
func (h *sshHost) refs(repo string, pulls ...prowv1.Pull) prowv1.Refs {
	return prowv1.Refs{Org: "org", Repo: repo, BaseRef: "main", CloneURI: "ssh://git@" + h.address + "/" + repo + ".git", Pulls: pulls}
}

// A repository and its submodule are cloned by SSH with a key of a mounted secret,
// from a host that has to prove who it is; nothing of the key gets anywhere.
func TestSSH(t *testing.T) {
	source := newSource(t)
	t.Setenv("TMPDIR", t.TempDir())
	host, keys, secret := newSSHHost(t, source)
	makeSuper(t, source, host.refs("repo").CloneURI, "super.git")
	o := newOptions(t, host.refs("repo", prowv1.Pull{Number: 1, SHA: pull1}, prowv1.Pull{Number: 2}), host.refs("super"))
	o.KeyFiles, o.HostFingerprints = []string{keys}, []string{"other ssh-rsa AAAA", host.fingerprint}
	records, log := run(t, o)
	checkCloned(t, records)
	if _, err := os.Stat(filepath.Join(o.SrcRoot, "src/github.com/org/super/sub/README.md")); err != nil {
		t.Error(err)
	}
	checkSecrecy(t, host.spy, log, o)
	for place, text := range everything(t, host.spy, log, o) {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds the private key", place)
		}
	}
	checkSSHSetup(t, o, keys, host.fingerprint)
}

// The records show what Prow's show: the agent, the keys, and how git runs.
func checkSSHSetup(t *testing.T, o *options.Clone, keys, fingerprint string) {
	t.Helper()
	records := readRecords(t, o.Log)
	var commands []string
	for _, command := range records[0].Commands {
		commands = append(commands, command.Command)
	}
	hosts := filepath.Join(os.TempDir(), "known_hosts")
	want := []string{"ssh-agent", `ssh-add "` + keys + `/key"`, `golang: append "` + hosts + `"`, "golang: lookup ssh path"}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Errorf("commands of the setup (-want +got):\n%s", diff)
	}
	init := records[1].Commands[1].Command
	for _, part := range []string{" SSH_AUTH_SOCK=", " SSH_AGENT_PID=", " GIT_SSH_COMMAND=/", "/ssh -o UserKnownHostsFile=" + hosts + " git init"} {
		if !strings.Contains(init, part) {
			t.Errorf("git runs without %q: %s", part, init)
		}
	}
	data, err := os.ReadFile(hosts)
	if want := "other ssh-rsa AAAA\n" + fingerprint + "\n"; err != nil || string(data) != want {
		t.Errorf("known hosts are %q (%v), want %q", data, err, want)
	}
}

// Without the right key, and from a host that is another, nothing is cloned.
func TestSSHRefused(t *testing.T) {
	source := newSource(t)
	t.Setenv("TMPDIR", t.TempDir())
	host, keys, _ := newSSHHost(t, source)
	other := filepath.Join(t.TempDir(), "other")
	writeSSHKey(t, other)
	stranger, _, _ := strings.Cut(host.fingerprint, " ")
	for name, test := range map[string]struct{ key, fingerprint, want string }{
		"other key":  {other, host.fingerprint, "The host refused to let us read the repository."},
		"other host": {keys, stranger + " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", "ssh does not know the key of the host."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			o := newOptions(t, host.refs("repo"))
			o.KeyFiles, o.HostFingerprints = []string{test.key}, []string{test.fingerprint}
			if attempts, waits := countWaits(t, o); attempts != 10 || waits > 10 {
				t.Errorf("%d attempts in %v s, want 10 in less than 10 s", attempts, waits)
			}
			checkExplained(t, readRecords(t, o.Log)[1:], test.want)
		})
	}
}

// Without its keys nothing is cloned.
func TestBadSSHKey(t *testing.T) {
	if _, err := exec.LookPath("ssh-agent"); err != nil {
		t.Skip("no OpenSSH on this machine")
	}
	o := newOptions(t, refsOf(newSource(t)))
	o.KeyFiles = []string{"/no/such/key"}
	countWaits(t, o)
	if records := readRecords(t, o.Log); len(records) != 1 || !records[0].Failed {
		t.Errorf("records are %s, want one that failed", layout.CloneLog(records))
	}
}

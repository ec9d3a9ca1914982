// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// setup prepares the environment that git runs in, and records it.
type setup struct {
	log    *slog.Logger
	record layout.CloneRecord
	agent  *os.Process
	// shown and hidden are as in cloner.
	shown, hidden []string
	tempDir       string
}

func (s *setup) run(ctx context.Context, o *options.Clone, sleep Sleep) (*cloner, error) {
	if len(o.KeyFiles) > 0 {
		if err := s.startAgent(ctx, o.KeyFiles); err != nil {
			return nil, err
		}
	}
	if len(o.HostFingerprints) > 0 {
		if err := s.addFingerprints(o.HostFingerprints); err != nil {
			return nil, err
		}
	}
	credentials, err := newCredentials(o, sleep)
	if err != nil {
		return nil, s.did("read credentials", "", err)
	}
	if o.CookiePath != "" && slices.ContainsFunc(o.Refs, func(r prowv1.Refs) bool { return !r.SkipSubmodules }) {
		if err := s.setCookies(ctx, o.CookiePath); err != nil {
			return nil, err
		}
	}
	return &cloner{options: o, shown: s.shown, hidden: s.hidden, credentials: credentials, sleep: sleep, log: s.log}, nil
}

// undo ends what run started.
func (s *setup) undo() {
	if s.agent != nil {
		if err := s.agent.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			s.log.Warn("Cannot end the SSH agent", "error", err)
		}
	}
	if s.tempDir != "" {
		if err := os.RemoveAll(s.tempDir); err != nil {
			s.log.Warn("Cannot remove temporary folder", "error", err)
		}
	}
}

// did records an action, and returns its error.
func (s *setup) did(what, output string, err error) error {
	command := layout.CloneCommand{Command: what, Output: output}
	if err != nil {
		command.Error = err.Error()
		err = fmt.Errorf("%s: %w", what, err)
	}
	s.record.Commands = append(s.record.Commands, command)
	return err
}

// startAgent starts an SSH agent with the keys in the files and folders.
func (s *setup) startAgent(ctx context.Context, keyFiles []string) error {
	output, err := exec.CommandContext(ctx, "ssh-agent").CombinedOutput()
	if err := s.did("ssh-agent", string(output), err); err != nil {
		return err
	}
	// SSH_AUTH_SOCK=…; export SSH_AUTH_SOCK;
	// SSH_AGENT_PID=…; export SSH_AGENT_PID;
	for word := range strings.SplitSeq(string(output), ";") {
		if word = strings.TrimSpace(word); strings.HasPrefix(word, "SSH_") {
			s.shown = append(s.shown, word)
		}
		if pid, ok := strings.CutPrefix(word, "SSH_AGENT_PID="); ok {
			if err := s.rememberAgent(pid); err != nil {
				return err
			}
		}
	}
	for _, keys := range keyFiles {
		if err := filepath.WalkDir(keys, func(path string, d fs.DirEntry, err error) error {
			return s.addKey(ctx, path, d, err)
		}); err != nil {
			return fmt.Errorf("adding SSH keys of %s: %w", keys, err)
		}
	}
	return nil
}

func (s *setup) rememberAgent(pid string) error {
	number, err := strconv.Atoi(pid)
	if err != nil {
		return fmt.Errorf("reading the SSH agent's process ID: %w", err)
	}
	s.agent, err = os.FindProcess(number)
	return err
}

// addKey adds the key at path. Mounted secrets have folders ..data and the like
// beside the files that count.
func (s *setup) addKey(ctx context.Context, path string, d fs.DirEntry, err error) error {
	if err != nil {
		return s.did(fmt.Sprintf("ssh-add %q", path), "", err)
	}
	if strings.HasPrefix(d.Name(), "..") {
		if d.IsDir() {
			return filepath.SkipDir
		}
		return nil
	}
	if d.IsDir() {
		return nil
	}
	cmd := exec.CommandContext(ctx, "ssh-add", path) // the options say which
	cmd.Env = append(os.Environ(), s.shown...)
	output, err := cmd.CombinedOutput()
	return s.did(fmt.Sprintf("ssh-add %q", path), string(output), err)
}

// addFingerprints makes ssh know the hosts.
func (s *setup) addFingerprints(fingerprints []string) error {
	file := filepath.Join(os.TempDir(), "known_hosts")
	if err := s.did(fmt.Sprintf("golang: append %q", file), "", appendTo(file, strings.Join(fingerprints, "\n")+"\n")); err != nil {
		return err
	}
	ssh, err := exec.LookPath("ssh")
	if err := s.did("golang: lookup ssh path", "", err); err != nil {
		return err
	}
	command := "GIT_SSH_COMMAND=" + ssh + " -o UserKnownHostsFile=" + file
	s.shown = append(s.shown, command)
	// A connection without any sign of life ends.
	const signs = 6
	s.hidden = append(s.hidden, fmt.Sprintf("%s -o ConnectTimeout=%d -o ServerAliveInterval=%d -o ServerAliveCountMax=%d",
		command, int(silence.Seconds()), int(silence.Seconds())/signs, signs))
	return nil
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) // public keys
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// setCookies makes git use the cookie file for submodules too. The user's own
// global configuration stays in force, and as it is.
func (s *setup) setCookies(ctx context.Context, cookies string) error {
	const what = "git config --global http.cookiefile"
	dir, err := os.MkdirTemp("", "clonerefs")
	if err != nil {
		return s.did(what, "", err)
	}
	s.tempDir = dir
	global := filepath.Join(dir, "gitconfig")
	var include strings.Builder
	for _, file := range globalConfigs() {
		fmt.Fprintf(&include, "[include]\n\tpath = %s\n", strconv.Quote(file))
	}
	if err := os.WriteFile(global, []byte(include.String()), 0o600); err != nil {
		return s.did(what, "", err)
	}
	s.hidden = append(s.hidden, "GIT_CONFIG_GLOBAL="+global)
	output, err := git{args: []string{"git", "config", "--global", "http.cookiefile", cookies}, env: s.hidden}.run(ctx)
	return s.did(fmt.Sprintf("%s %q", what, cookies), output, err)
}

// globalConfigs are the files that git reads of the user, some of which may not
// be there.
func globalConfigs() []string {
	if file := os.Getenv("GIT_CONFIG_GLOBAL"); file != "" {
		return []string{file}
	}
	var files []string
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "git", "config"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".gitconfig"))
	}
	return files
}

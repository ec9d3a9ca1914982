// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// secrets are all values that the mounted secrets have had since sidecar started:
// a job may have written one down before it was rotated, or after. It is safe for
// concurrent use.
type secrets struct {
	options *options.Censoring
	log     *slog.Logger

	mu     sync.Mutex
	values map[censor.Value]bool
	known  *censor.Secrets
	// version is of the folders, when they were read last.
	version string
	// told are the errors that are in the log already.
	told map[string]bool
}

func newSecrets(o *options.Censoring, log *slog.Logger) *secrets {
	s := &secrets{options: o, log: log, values: map[censor.Value]bool{}, told: map[string]bool{}}
	s.read()
	return s
}

// current reads the secrets again if Kubernetes has renewed them since.
func (s *secrets) current() *censor.Secrets {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folders() != s.version {
		s.locked()
	}
	return s.known
}

// read reads the secrets again: not every change of a file can be seen on its folder.
func (s *secrets) read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked()
}

func (s *secrets) locked() {
	s.version = s.folders() // before reading: what changes meanwhile is read again
	values, unread := censor.Load(s.options.SecretDirectories, s.options.IniFilenames)
	for _, err := range unread {
		if !s.told[err.Error()] {
			s.told[err.Error()] = true
			s.log.Warn("Could not load all secrets to censor", "error", err)
		}
	}
	before := len(s.values)
	for _, value := range values {
		s.values[value] = true
	}
	if s.known != nil && len(s.values) == before {
		return
	}
	var all []censor.Value
	for value := range s.values {
		all = append(all, value)
	}
	s.known = censor.New(all, censor.Options{
		Minimum: valueOr(s.options.MinimumSecretLength, 0),
		Shapes:  valueOr(s.options.TokenShapes, true),
	})
}

// folders changes when Kubernetes renews a secret: it then exchanges the link
// ..data in the secret's folder.
func (s *secrets) folders() string {
	var b strings.Builder
	for _, dir := range s.options.SecretDirectories {
		link, _ := os.Readlink(filepath.Join(dir, "..data")) // other folders have none
		fmt.Fprint(&b, link)
		if info, err := os.Stat(dir); err == nil {
			fmt.Fprint(&b, info.ModTime().UnixNano())
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

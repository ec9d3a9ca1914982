// SPDX-License-Identifier: Apache-2.0

package github

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"sigs.k8s.io/yaml"
)

// ErrSignature is what an error is when a body is not signed as it must be, or when
// there is no body that could be.
var ErrSignature = errors.New("signature does not match the body")

// Secrets are the tokens that webhooks are signed with, read from a file that may
// change at any time (HMAC_SECRET_FILE). The file is one raw token, or YAML:
//
//	org/repo:                # or org, or '*' for all others
//	- value: token
//	  created_at: 2026-01-02T03:04:05Z
//
// All tokens of the most specific key are tried, so that a new one can be added
// before GitHub is told of it. It is safe for concurrent use.
type Secrets struct {
	path string

	mu     sync.Mutex
	state  fs.FileInfo
	tokens map[string][][]byte
}

// OpenSecrets reads the file.
func OpenSecrets(path string) (*Secrets, error) {
	s := &Secrets{path: path}
	if err := s.reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Check returns an ErrSignature unless the signature, as X-Hub-Signature-256 has it,
// is the body's. A changed file is read first; one that cannot be read leaves the
// tokens before in force, and is reported as stale, along with the verdict.
func (s *Secrets) Check(signature string, body []byte) (stale, err error) {
	s.mu.Lock()
	stale = s.reload()
	tokens := s.tokens
	s.mu.Unlock()
	if !signedWith(signature, body, tokensFor(tokens, body)) {
		return stale, ErrSignature
	}
	return stale, nil
}

// reload reads the file if it has changed.
func (s *Secrets) reload() error {
	state, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("reading HMAC secrets: %w", err)
	}
	if s.state != nil && os.SameFile(state, s.state) && state.ModTime().Equal(s.state.ModTime()) && state.Size() == s.state.Size() {
		return nil
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		return fmt.Errorf("reading HMAC secrets: %w", err)
	}
	tokens, err := parseTokens(data)
	if err != nil {
		return fmt.Errorf("reading HMAC secrets %s: %w", s.path, err)
	}
	s.state, s.tokens = state, tokens
	return nil
}

// everything is the key of the tokens for orgs and repos without their own.
const everything = "*"

// CheckSecrets says what is wrong with the content of such a file. The error holds
// no token.
func CheckSecrets(data []byte) error {
	_, err := parseTokens(data)
	return err
}

// parseTokens returns the tokens of a file by org/repo, org or "*".
func parseTokens(data []byte) (map[string][][]byte, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return nil, errors.New("it is empty")
	}
	var file map[string][]struct {
		Value string `json:"value"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil || file == nil {
		var lists map[string][]any
		if yaml.Unmarshal(data, &lists) == nil && lists != nil {
			// The decoder's words may quote a token.
			return nil, errors.New("a list holds something else than {value, created_at}")
		}
		return map[string][][]byte{everything: {data}}, nil
	}
	tokens := map[string][][]byte{}
	for key, list := range file {
		for i, t := range list {
			if t.Value == "" {
				return nil, fmt.Errorf("%s[%d] has no value", key, i)
			}
			tokens[key] = append(tokens[key], []byte(t.Value))
		}
	}
	return tokens, nil
}

// tokensFor returns the tokens of the most specific key for the body, which is not
// trusted yet: whoever names another repo needs that one's token. So it must be read
// as those read it who act on it.
func tokensFor(tokens map[string][][]byte, body []byte) [][]byte {
	if len(tokens) == 1 && tokens[everything] != nil {
		return tokens[everything]
	}
	var p attributes
	if err := decode(body, &p); err != nil {
		return tokens[everything] // and no event comes of it
	}
	org, repo := p.repo()
	for _, key := range []string{org + "/" + repo, org, everything} {
		if t, ok := tokens[key]; ok {
			return t
		}
	}
	return nil
}

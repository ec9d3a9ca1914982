// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// largestSecret is as large as a Secret of Kubernetes may be, in bytes.
	largestSecret = 1 << 20
	// largestSecrets is how large all may be together.
	largestSecrets = 8 << 20
)

// Load reads the secrets in the folders: each file is one, and some hold more:
// those for container registries, and those whose names are in iniFilenames.
// Their names are the files' paths below the folders. It returns what it could
// read, with the errors of the rest; of files that are too large it reads the start.
func Load(directories, iniFilenames []string) (values []Value, errs []error) {
	l := &loader{iniFilenames: iniFilenames, seen: map[string]bool{}, left: largestSecrets}
	for _, directory := range directories {
		l.walk(directory)
	}
	return l.values, l.errs
}

type loader struct {
	iniFilenames []string
	// seen are the folders that were walked, so that links that go round end.
	seen map[string]bool
	// left is how much may still be read, in bytes.
	left   int
	values []Value
	errs   []error
}

// walk loads a file, or what is below a folder.
func (l *loader) walk(top string) {
	// The walk itself follows no links, but Kubernetes makes some to folders.
	real, err := filepath.EvalSymlinks(top)
	if err != nil {
		l.failed(err)
		return
	}
	if l.seen[real] {
		return
	}
	l.seen[real] = true
	err = filepath.WalkDir(real, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			l.failed(err)
			return nil
		}
		if strings.HasPrefix(d.Name(), "..") && path != real { // how Kubernetes swaps all files at once
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		name := filepath.Join(top, strings.TrimPrefix(path, real))
		if isFolder(path, d) {
			if !d.IsDir() {
				l.walk(name)
			}
			return nil
		}
		l.load(name)
		return nil
	})
	if err != nil {
		l.failed(err)
	}
}

func (l *loader) load(path string) {
	data, err := readStart(path, min(largestSecret, l.left))
	if err != nil {
		l.failed(err)
	}
	l.left -= len(data)
	found, err := secretsIn(path, data, l.iniFilenames)
	if err != nil {
		l.failed(err)
	}
	for _, text := range found {
		l.values = append(l.values, Value{Name: path, Text: text})
	}
}

// readStart reads a file, or as much of it as may be, with an error when there is more.
func readStart(path string, most int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(most)))
	if err != nil {
		return data, err
	}
	if info, err := file.Stat(); err == nil && info.Size() > int64(most) {
		return data, fmt.Errorf("%s has %d bytes, of which only the first %d can be looked for", path, info.Size(), most)
	}
	return data, nil
}

func (l *loader) failed(err error) {
	l.errs = append(l.errs, fmt.Errorf("reading secrets: %w", err))
}

// isFolder also holds for a link to a folder.
func isFolder(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// secretsIn are what a file holds, and what its name says that is in there.
func secretsIn(path string, data []byte, iniFilenames []string) ([]string, error) {
	values := []string{string(data)}
	switch name := filepath.Base(path); {
	case name == ".dockercfg":
		auths := map[string]registryAuth{}
		if err := json.Unmarshal(data, &auths); err != nil {
			return values, fmt.Errorf("%s is no JSON", path) // the error could tell of the secret
		}
		values = append(values, registrySecrets(auths)...)
	case name == ".dockerconfigjson":
		var config struct{ Auths map[string]registryAuth }
		if err := json.Unmarshal(data, &config); err != nil {
			return values, fmt.Errorf("%s is no JSON", path)
		}
		values = append(values, registrySecrets(config.Auths)...)
	case slices.Contains(iniFilenames, name):
		values = append(values, iniSecrets(string(data))...)
	}
	return values, nil
}

type registryAuth struct{ Auth, Password string }

// registrySecrets are also what is in the auths: user:password.
func registrySecrets(auths map[string]registryAuth) []string {
	var values []string
	for _, auth := range auths {
		values = append(values, auth.Auth, auth.Password)
		if decoded, err := base64.StdEncoding.DecodeString(auth.Auth); err == nil {
			_, password, _ := strings.Cut(string(decoded), ":")
			values = append(values, string(decoded), password)
		}
	}
	return slices.DeleteFunc(values, func(value string) bool { return value == "" })
}

// iniSecrets are the values of lines "key = value".
func iniSecrets(text string) []string {
	var values []string
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.ContainsRune("[#;", rune(line[0])) {
			continue
		}
		if _, value, ok := strings.Cut(line, "="); ok {
			values = append(values, strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	return values
}

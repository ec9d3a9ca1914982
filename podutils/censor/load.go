// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads the secrets in the folders: each file is one, and some hold more:
// those for container registries, and those whose names are in iniFilenames.
// Their names are the files' paths. It returns what it could read, with the errors of the rest.
func Load(directories, iniFilenames []string) (values []Value, errs []error) {
	l := &loader{iniFilenames: iniFilenames, seen: map[string]bool{}}
	for _, directory := range directories {
		l.walk(directory)
	}
	return l.values, l.errs
}

type loader struct {
	iniFilenames []string
	// seen are the folders that were walked, so that links that go round end.
	seen   map[string]bool
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
		if isFolder(path, d) {
			if !d.IsDir() {
				l.walk(path)
			}
			return nil
		}
		l.load(path)
		return nil
	})
	if err != nil {
		l.failed(err)
	}
}

func (l *loader) load(path string) {
	found, err := loadFile(path, l.iniFilenames)
	if err != nil {
		l.failed(err)
	}
	for _, text := range found {
		l.values = append(l.values, Value{Name: path, Text: text})
	}
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

func loadFile(path string, iniFilenames []string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
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

func registrySecrets(auths map[string]registryAuth) []string {
	var values []string
	for _, auth := range auths {
		values = append(values, auth.Auth, auth.Password)
	}
	return values
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

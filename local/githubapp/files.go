// SPDX-License-Identifier: Apache-2.0

package githubapp

import (
	"errors"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// The secrets that deploy/ names, and their keys, which are the names of the
// files, too.
const (
	HookSecret = "hmac-token"
	HookKey    = "hmac"
	AppSecret  = "github-app" //nolint:gosec // a name
	PrivateKey = "private-key"
)

// The files that no secret of deploy/ has: the App's number is a setting, and the
// rest is what a login by the App would take.
const (
	idFile           = "app-id"
	clientIDFile     = "client-id"
	clientSecretFile = "client-secret"
)

// Secrets are the data of the secrets that Cutwater reads, by their names.
func Secrets(app github.NewApp) map[string]map[string][]byte {
	return map[string]map[string][]byte{
		HookSecret: {HookKey: []byte(app.WebhookSecret)},
		AppSecret:  {PrivateKey: []byte(app.PrivateKey)},
	}
}

// Folder holds the keys of an App, each in a file that its owner alone may read.
type Folder string

// Path is the file of a key.
func (f Folder) Path(key string) string { return filepath.Join(string(f), key) }

// names are the names of all files.
func names() []string { return []string{HookKey, PrivateKey, idFile, clientIDFile, clientSecretFile} }

// Free is an error if there are keys already.
func (f Folder) Free() error {
	for _, name := range names() {
		_, err := os.Lstat(f.Path(name))
		if err == nil {
			return fmt.Errorf("%s is there already; it may be all that is left of an App's keys", f.Path(name))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// doorFile leads a browser to the page.
const doorFile = "open.html"

// Door makes the folder, and in it a file that leads a browser to the page. All
// users of a machine see what a program is started with, and only its owner reads
// the file.
func (f Folder) Door(address string) (path string, err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return "", err
	}
	if path, err = filepath.Abs(f.Path(doorFile)); err != nil {
		return "", err
	}
	to := html.EscapeString(address)
	return path, replace(path, fmt.Appendf(nil, `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=%[1]s">
<title>Cutwater's GitHub App</title>
<a href="%[1]s">Go on</a>
`, to))
}

// Shut removes what Door made, but for a folder with keys. What it cannot remove
// leads nowhere any more.
func (f Folder) Shut() {
	_ = os.Remove(f.Path(doorFile))
	_ = os.Remove(string(f)) // other files keep it
}

// Write writes the keys of the App, in place of others.
func (f Folder) Write(app github.NewApp) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return err
	}
	files := map[string][]byte{
		idFile: []byte(strconv.FormatInt(app.ID, 10)), clientIDFile: []byte(app.ClientID), clientSecretFile: []byte(app.ClientSecret),
	}
	for _, keys := range Secrets(app) {
		maps.Copy(files, keys)
	}
	for _, name := range names() {
		if err := replace(f.Path(name), files[name]); err != nil {
			return fmt.Errorf("keeping the App's keys: %w", err)
		}
	}
	return nil
}

// Remove removes the files, and the folder if nothing else is in it.
func (f Folder) Remove() error {
	for _, name := range names() {
		if err := os.Remove(f.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	_ = os.Remove(string(f)) // other files keep it
	return nil
}

// replace writes a file that its owner alone may read, also where another was.
func replace(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

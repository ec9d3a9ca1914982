// SPDX-License-Identifier: Apache-2.0

package up

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// stateMarker is the file by which a folder is known as ours: only such a
// folder, or an empty one, is ever cleaned.
const stateMarker = ".cutwater-state"

// state is the folder of one running machine. Everything in it is made anew at
// each start.
type state struct {
	dir  string
	lock *os.File
}

// DefaultState is where a machine keeps its state unless told otherwise.
func DefaultState() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "cutwater"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the state (set HOME, or use --state): %w", err)
	}
	return filepath.Join(home, ".local", "state", "cutwater"), nil
}

// openState takes the folder for this process and cleans it.
func openState(dir string) (*state, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the state folder cannot be made: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the state folder cannot be read: %w", err)
	}
	marker := filepath.Join(dir, stateMarker)
	if _, err := os.Stat(marker); len(entries) > 0 && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s holds files that are not Cutwater's; name an empty folder with --state", dir)
	}
	lock, err := os.OpenFile(marker, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the state folder cannot be written: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("another cutwater is running with the state folder %s; name another with --state", dir)
	}
	for _, entry := range entries {
		if entry.Name() == stateMarker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			_ = lock.Close()
			return nil, fmt.Errorf("cleaning the state folder: %w", err)
		}
	}
	return &state{dir: dir, lock: lock}, nil
}

// path is a path below the folder.
func (s *state) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

// write makes a file below the folder, for its owner alone: some hold secrets.
func (s *state) write(content []byte, elements ...string) error {
	path := s.path(elements...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// mkdir makes a folder below the folder.
func (s *state) mkdir(elements ...string) (string, error) {
	path := s.path(elements...)
	return path, os.MkdirAll(path, 0o755)
}

// close lets another process have the folder; what is in it stays to be looked at.
func (s *state) close() { _ = s.lock.Close() }

// Connection is how another shell reaches a running machine. It is written to
// up.json in the state folder, readable by its owner alone.
type Connection struct {
	Forge      string            `json:"forge"`      // URL of its GitHub
	Deck       string            `json:"deck"`       // URL of the web page
	Hook       string            `json:"hook"`       // URL that takes webhooks
	Kubeconfig string            `json:"kubeconfig"` // file, an administrator's
	Org        string            `json:"org"`
	Repo       string            `json:"repo"`
	Namespace  string            `json:"namespace"` // of the ProwJobs
	Tokens     map[string]string `json:"tokens"`    // of the people of its GitHub, by login
}

const connectionFile = "up.json"

func (s *state) writeConnection(c Connection) error {
	content, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return s.write(content, connectionFile)
}

// forgetConnection tells other shells that the machine is not up any more.
func (s *state) forgetConnection() { _ = os.Remove(s.path(connectionFile)) }

// Connect reads how to reach the machine that runs with the state folder.
func Connect(dir string) (Connection, error) {
	content, err := os.ReadFile(filepath.Join(dir, connectionFile))
	if errors.Is(err, os.ErrNotExist) {
		return Connection{}, fmt.Errorf("no machine is up in %s: start one with `cutwater up`, or name its folder with --state", dir)
	}
	if err != nil {
		return Connection{}, err
	}
	var c Connection
	if err := json.Unmarshal(content, &c); err != nil {
		return Connection{}, fmt.Errorf("%s: %w", filepath.Join(dir, connectionFile), err)
	}
	return c, nil
}

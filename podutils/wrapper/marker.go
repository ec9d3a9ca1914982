// SPDX-License-Identifier: Apache-2.0

package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Marker is the marker file that a process is to leave. Room for it is taken
// before the process runs, which may fill the disk.
type Marker struct {
	options *Options
	reserve string // a file, where there was room for it
}

// ReserveMarker takes room for the marker. Where that fails, Write tries again.
func ReserveMarker(o *Options) *Marker {
	m := &Marker{options: o}
	_ = m.take()
	return m
}

// take makes a file beside the marker, as large as any.
func (m *Marker) take() error {
	file, err := os.CreateTemp(filepath.Dir(m.options.MarkerFile), m.options.ContainerName)
	if err != nil {
		return err
	}
	m.reserve = file.Name()
	_, err = file.Write(bytes.Repeat([]byte(" "), maxMarker))
	return errors.Join(err, file.Close())
}

// Write writes the marker: at once, so that whoever watches the folder sees
// either no file or all of it. It is not synced to the disk, which can take
// seconds: who waits for it does not outlive this machine either.
func (m *Marker) Write(code int) error {
	err := m.publish(strconv.Itoa(code))
	if err != nil { // such as when the job removed what it did not know
		m.remove()
		if err = m.take(); err == nil {
			err = m.publish(strconv.Itoa(code))
		}
	}
	if err != nil {
		m.remove()
		return fmt.Errorf("writing marker file: %w", err)
	}
	return nil
}

// publish turns what was reserved into the marker.
func (m *Marker) publish(text string) error {
	file, err := os.OpenFile(m.reserve, os.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // a second time where all went well
	if _, err := file.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	if err := file.Truncate(int64(len(text))); err != nil {
		return err
	}
	// Sidecar may run as another user, so everybody may read and remove it.
	if err := file.Chmod(0o777); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(m.reserve, m.options.MarkerFile)
}

func (m *Marker) remove() {
	_ = os.Remove(m.reserve) // mostly it has become the marker
}

// maxMarker is more than any code takes, in bytes.
const maxMarker = 64

// ReadMarker returns the code in a marker file; -1 with the error where it
// cannot be read or holds no whole number. A job may have put anything in its
// place, such as a pipe, or a link to a secret that only the reader can see: so
// the error does not repeat what is in it.
func ReadMarker(path string) (int, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("reading marker file: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return -1, fmt.Errorf("reading marker file %s: %w", path, errors.Join(errNoNumber, err))
	}
	data, err := io.ReadAll(io.LimitReader(file, maxMarker))
	if err != nil {
		return -1, fmt.Errorf("reading marker file: %w", err)
	}
	code, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return -1, fmt.Errorf("reading marker file %s: %w", path, errNoNumber)
	}
	return code, nil
}

var errNoNumber = errors.New("it holds no whole number")

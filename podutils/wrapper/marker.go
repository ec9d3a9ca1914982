// SPDX-License-Identifier: Apache-2.0

package wrapper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// WriteMarker writes code to the marker file: at once, so that whoever watches
// the folder sees either no file or all of it.
func WriteMarker(o *Options, code int) (err error) {
	dir := filepath.Dir(o.MarkerFile)
	tempDir, err := os.MkdirTemp(dir, o.ContainerName)
	if err != nil {
		return fmt.Errorf("writing marker file: %w", err)
	}
	defer func() {
		if removeErr := os.RemoveAll(tempDir); err == nil && removeErr != nil {
			err = fmt.Errorf("removing temporary folder of the marker file: %w", removeErr)
		}
	}()
	temp := filepath.Join(tempDir, "marker")
	if err := writeSynced(temp, strconv.Itoa(code)); err != nil {
		return fmt.Errorf("writing marker file: %w", err)
	}
	if err := os.Rename(temp, o.MarkerFile); err != nil {
		return fmt.Errorf("writing marker file: %w", err)
	}
	return nil
}

func writeSynced(path, text string) error {
	// Sidecar may run as another user, so everybody may read and remove it.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o777) // see above
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // the error that counts is Sync's
	if err := file.Chmod(0o777); err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Close()
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

// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/cutwater-ci/cutwater/podutils/options"
)

// newOwnLog makes the file for our own log. It has no name, so that no job can put
// something else in its place. In a container whose root is read-only, the folder
// that is shared with the job may be the only one that can be written to; then it
// is for our other temporary files, too, which have no names either.
func newOwnLog(o *options.Sidecar) (*os.File, error) {
	usual := os.TempDir()
	dirs := []string{usual}
	for _, entry := range o.Entries {
		dirs = append(dirs, filepath.Dir(entry.MarkerFile))
	}
	var errs []error
	for _, dir := range dirs {
		own, err := os.CreateTemp(dir, "sidecar-logs*.json")
		if err == nil {
			err = os.Remove(own.Name())
		}
		if err == nil && dir != usual {
			err = os.Setenv("TMPDIR", dir)
		}
		if err == nil {
			return own, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

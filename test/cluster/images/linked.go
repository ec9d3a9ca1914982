// SPDX-License-Identifier: Apache-2.0

package images

import (
	"debug/elf"
	"errors"
)

// isLinked reports whether the file is a program that needs shared libraries:
// scripts and static programs do not.
func isLinked(path string) (bool, error) {
	file, err := elf.Open(path)
	var noELF *elf.FormatError
	if errors.As(err, &noELF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	return len(libraries) > 0, err
}

// SPDX-License-Identifier: Apache-2.0

package cli

import "errors"

// usageError is that a command is used wrongly.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func asUsageError(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// ExitCode is what the program ends with: 0 when all is well, 2 when a command
// that makes the difference is used wrongly, and 1 for everything else.
func ExitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

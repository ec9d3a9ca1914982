// SPDX-License-Identifier: Apache-2.0

package censor

import "io"

// What the reference of the tests is to look for.
var (
	Forms  = forms
	Pieces = pieces
)

// FileOf is File with less that may be packed in the file.
func (s *Secrets) FileOf(most int64, content io.ReadCloser) (io.ReadCloser, error) {
	return s.file(content, nil, most)
}

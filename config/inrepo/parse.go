// SPDX-License-Identifier: Apache-2.0

package inrepo

import (
	"fmt"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// maxSize limits one file, in bytes.
const maxSize = 1 << 20

// parseFile reads one file; the error names it, and the line. Fields that we
// do not know are left alone, as a repository may be ahead of this program.
func parseFile(decoder *document.Decoder, name string, content []byte) (*jobs.InRepoFile, error) {
	if len(content) > maxSize {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d that are read", name, len(content), maxSize)
	}
	doc, err := document.Parse(name, string(content))
	if err != nil {
		return nil, err
	}
	var file jobs.InRepoFile
	if problems := decoder.Decode(doc, &file).Errors; len(problems) > 0 {
		return nil, document.Problems(problems).Err()
	}
	return &file, nil
}

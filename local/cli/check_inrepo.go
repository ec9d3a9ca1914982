// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"path/filepath"

	"github.com/spf13/pflag"
)

// inRepoFlags say which repository's own jobs are checked, too.
type inRepoFlags struct {
	repo string
	path string
}

func (f *inRepoFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.repo, "prow-yaml-repo-name", "", "check the jobs that this ORG/REPO brings in .prow or .prow.yaml, too")
	flags.StringVar(&f.path, "prow-yaml-path", "", "that repository's .prow.yaml or .prow (default: of this folder)")
}

func (f *inRepoFlags) validate() error {
	if f.path != "" && f.repo == "" {
		return errors.New("--prow-yaml-path needs --prow-yaml-repo-name")
	}
	return nil
}

// folder is the root of the repository.
func (f *inRepoFlags) folder() string {
	if f.path == "" {
		return "."
	}
	return filepath.Dir(filepath.Clean(f.path))
}

// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// verdict is what became of the run.
type verdict struct {
	passed bool
	result string
}

func aborted() verdict { return verdict{result: layout.ResultAborted} }

// verdict says whether all entries did well.
func (s *sidecar) verdict(marks []wrapper.Mark) verdict {
	v := verdict{passed: true, result: layout.ResultSuccess}
	for i, mark := range marks {
		if mark.Err != nil {
			s.Log.Error("Cannot tell how the process ended", "entry", s.entryName(i), "error", mark.Err)
		}
		if mark.Code == 0 {
			continue
		}
		v.passed = false
		if v.result != layout.ResultAborted {
			v.result = layout.ResultFailure
		}
		if mark.Code == wrapper.CodeAborted {
			v.result = layout.ResultAborted
		}
	}
	return v
}

// entryName is how to call an entry.
func (s *sidecar) entryName(i int) string {
	if name := s.entries[i].ContainerName; name != "" {
		return name
	}
	return fmt.Sprintf("entry %d", i)
}

// errorsKey is where in the metadata it stands that some could not be read.
const errorsKey = "sidecar-errors"

// metadata joins what the entries wrote; later ones win.
func (s *sidecar) metadata() map[string]any {
	all := map[string]any{}
	problems := map[string]string{}
	for i := range s.entries {
		if err := s.addMetadata(all, s.entries[i].MetadataFile); err != nil {
			s.Log.Error("Cannot use metadata", "entry", s.entryName(i), "error", err)
			problems[s.entryName(i)] = err.Error()
		}
	}
	if len(problems) > 0 {
		all[errorsKey] = problems
	}
	return all
}

// addMetadata adds the JSON object in a file, which need not be there.
func (s *sidecar) addMetadata(to map[string]any, file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || file == "" {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(s.secrets.Bytes(data), &to); err != nil {
		return fmt.Errorf("%s is no JSON object: %w", file, err)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"strings"
	"syscall"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// verdict is what became of the run.
type verdict struct {
	passed bool
	result string
	// early tells that the run has not ended.
	early bool
}

func aborted() verdict { return verdict{result: layout.ResultAborted, early: true} }

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

// maxMetadata bounds, in bytes, what one entry has to say.
const maxMetadata = 10 << 20

// metadata joins what the entries wrote; later ones win. The errors are those of
// the standard library as they are in JSON: so they stand in finished.json ever
// since, and the log says it in words.
func (s *sidecar) metadata() map[string]any {
	all := map[string]any{}
	problems := map[string]error{}
	tally := &censor.Tally{}
	for i := range s.entries {
		entry := &s.entries[i]
		one, err := s.entryMetadata(entry, tally)
		if err != nil {
			s.Log.Error("Failed to unmarshal "+entry.MetadataFile, "error", err)
			problems[fmt.Sprintf("entry %d: %s", i, strings.Join(entry.Args, " "))] = err
		}
		maps.Copy(all, one)
	}
	if len(problems) > 0 {
		all[errorsKey] = problems
	}
	s.found.add(layout.FinishedFile, tally)
	return all
}

// entryMetadata reads the JSON object that an entry wrote; it need not have.
func (s *sidecar) entryMetadata(entry *wrapper.Options, tally *censor.Tally) (map[string]any, error) {
	if entry.MetadataFile == "" {
		return nil, nil
	}
	content, err := openShared(entry, entry.MetadataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(content, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxMetadata {
		return nil, &fs.PathError{Op: "read", Path: entry.MetadataFile, Err: syscall.EFBIG}
	}
	var one map[string]any
	if err := json.Unmarshal(s.found.known.Bytes(data, tally), &one); err != nil {
		return nil, err
	}
	one, _ = s.found.decoded(one, tally).(map[string]any)
	return one, nil
}

// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"encoding/json"
	"fmt"

	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// notes are what sidecar had to say of a run's files.
type notes struct {
	Title string
	Lines []string
}

// notesOf reads them from the metadata. What is of another form is not sidecar's.
func notesOf(finished *layout.Finished) []notes {
	if finished == nil {
		return nil
	}
	var all []notes
	for _, kind := range []struct {
		key, title string
		line       func(layout.Finding) string
	}{
		{layout.CensoredKey, "Secrets that were taken out", func(f layout.Finding) string {
			if f.Count == 1 {
				return f.File + ": " + f.Secret
			}
			return fmt.Sprintf("%s: %s, %d times", f.File, f.Secret, f.Count)
		}},
		{layout.NotSearchedKey, "Not searched for secrets", reasonOf},
		{layout.NotUploadedKey, "Not uploaded", reasonOf},
	} {
		if lines := linesOfFindings(finished.Metadata[kind.key], kind.line); len(lines) > 0 {
			all = append(all, notes{Title: kind.title, Lines: lines})
		}
	}
	return all
}

func reasonOf(f layout.Finding) string { return f.File + ": " + f.Reason }

func linesOfFindings(metadata any, line func(layout.Finding) string) []string {
	text, err := json.Marshal(metadata)
	if err != nil {
		return nil
	}
	var findings []layout.Finding
	if err := json.Unmarshal(text, &findings); err != nil {
		return nil
	}
	var lines []string
	for _, f := range findings {
		if f.File == "" {
			lines = append(lines, fmt.Sprintf("%d more", f.More))
			continue
		}
		lines = append(lines, line(f))
	}
	return lines
}

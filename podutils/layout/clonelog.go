// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"strings"
)

// CloneLog is clone-log.txt: the records for people to read.
func CloneLog(records []CloneRecord) string {
	var b strings.Builder
	for i := range records {
		writeRecord(&b, &records[i])
	}
	return b.String()
}

func writeRecord(b *strings.Builder, record *CloneRecord) {
	if record.Failed {
		b.WriteString("# FAILED!\n")
	}
	refs := &record.Refs
	if refs.Org == "" && refs.Repo == "" {
		b.WriteString("Environment setup\n")
	} else {
		fmt.Fprintf(b, "# Cloning %s at %s%s\n", refs.OrgRepo(), refs.BaseRef, inParentheses(refs.BaseSHA))
	}
	if len(refs.Pulls) > 0 {
		b.WriteString("# Checking out pulls:\n")
	}
	for _, pull := range refs.Pulls {
		fmt.Fprintf(b, "#\t%d%s\n", pull.Number, inParentheses(pull.SHA))
	}
	for _, command := range record.Commands {
		fmt.Fprintf(b, "$ %s (runtime: %v)\n%s", command.Command, command.Duration, command.Output)
		if command.Error != "" {
			fmt.Fprintf(b, "# Error: %s\n", command.Error)
		}
	}
	if record.Explanation != "" {
		fmt.Fprintf(b, "# %s\n", record.Explanation)
	}
	fmt.Fprintf(b, "# Final SHA: %s\n# Total runtime: %v\n", record.FinalSHA, record.Duration)
}

func inParentheses(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// SPDX-License-Identifier: Apache-2.0

package github

import (
	"fmt"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

const (
	// marker is in every comment of this reporter.
	marker      = "<!-- test report -->"
	tableHeader = "Test name | Commit | Details | Required | Rerun command"
	tableRule   = "--- | --- | --- | --- | ---"
	cellBorder  = " | "
)

// row is a line of the table: a job that failed.
type row string

// context is the status context that the row is about.
func (r row) context() string {
	context, _, _ := strings.Cut(string(r), cellBorder)
	return context
}

// rowOf is the row of a failed run of a pull.
func rowOf(pj *prowv1.ProwJob) row {
	cells := []string{
		pj.Spec.Context,
		pj.Spec.Refs.Pulls[0].SHA,
		fmt.Sprintf("[link](%s)", pj.Status.URL),
		required(pj),
		fmt.Sprintf("`%s`", pj.Spec.RerunCommand),
	}
	// A job's author must not be able to end the table and write on.
	return row(strings.NewReplacer("\n", " ", "\r", " ").Replace(strings.Join(cells, cellBorder)))
}

// required says "true" or "false" when the run is labelled with it.
func required(pj *prowv1.ProwJob) string {
	if pj.Spec.Type == prowv1.PresubmitJob {
		if optional, err := strconv.ParseBool(pj.Labels[prowv1.IsOptionalLabel]); err == nil {
			return strconv.FormatBool(!optional)
		}
	}
	return "unknown"
}

// rowsIn reads the table of a comment: what follows a rule, up to a blank line.
func rowsIn(body string) []row {
	var rows []row
	inTable := false
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "---"):
			inTable = true
		case line == "":
			inTable = false
		case inTable:
			rows = append(rows, row(line))
		}
	}
	return rows
}

// carryOn is what the rows of earlier comments become when the runs have
// ended: the latest row of each context stays unless one of the runs is of that
// context, and each failed run adds its own.
func carryOn(old []row, runs []*prowv1.ProwJob) (rows []row, failed bool) {
	drop := map[string]bool{}
	for _, pj := range runs {
		drop[pj.Spec.Context] = true
	}
	latest := map[string]int{}
	for i, r := range old {
		latest[r.context()] = i
	}
	for i, r := range old {
		if !drop[r.context()] && latest[r.context()] == i {
			rows = append(rows, r)
		}
	}
	for _, pj := range runs {
		if pj.Status.State == prowv1.FailureState {
			rows = append(rows, rowOf(pj))
			failed = true
		}
	}
	return rows, failed
}

// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"unicode"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// merge merges the pull requests into the base, one after the other.
func (r *run) merge(ctx context.Context, p *plan) error {
	if len(p.refs.Pulls) == 0 {
		return nil
	}
	answer, err := r.ask(ctx, p, "show", "-s", "--format=format:%H %ct", "HEAD")
	if err != nil {
		return r.fail("read time of base commit", err)
	}
	base, date, _ := strings.Cut(strings.TrimSpace(answer), " ")
	baseTime, err := strconv.ParseInt(date, 10, 64)
	if err != nil {
		return r.fail("read time of base commit", err)
	}
	for i := range p.refs.Pulls {
		if err := r.steps(ctx, p.pull(i, baseTime)...); err != nil {
			r.record.Explanation = r.conflict(ctx, p, base, i)
			return err
		}
	}
	return nil
}

// conflict says with what the pull with the index conflicts, in which files, and
// what its author can do; nothing where it failed for another reason.
func (r *run) conflict(ctx context.Context, p *plan, base string, index int) string {
	unmerged, err := r.ask(ctx, p, "ls-files", "--unmerged", "-z")
	if err != nil || unmerged == "" {
		return ""
	}
	var files []string
	for line := range strings.SplitSeq(strings.TrimSuffix(unmerged, "\x00"), "\x00") {
		_, name, _ := strings.Cut(line, "\t") // there is a line for each side
		files = append(files, printable(name))
	}
	with, advice := r.opponent(ctx, p, base, index)
	return fmt.Sprintf("Pull %s conflicts with %s in %s. %s", nameOf(p.refs.Pulls[index]), with, list(slices.Compact(files)), advice)
}

// opponent is what the pull with the index conflicts with.
func (r *run) opponent(ctx context.Context, p *plan, base string, index int) (with, advice string) {
	pulls, branch := p.refs.Pulls, printable(p.refs.BaseRef)
	main := fmt.Sprintf("%s (%s)", branch, short(base))
	if index == 0 || r.clash(ctx, p, base, pulls[index].SHA) {
		return main, fmt.Sprintf("Rebase it on %s, or merge %s into it, and push.", branch, branch)
	}
	for _, other := range pulls[:index] {
		if r.clash(ctx, p, other.SHA, pulls[index].SHA) {
			return "pull " + nameOf(other), "They cannot be tested together: when one is merged, the other has to be rebased."
		}
	}
	return main + " and what is merged into it for this test", "They cannot be tested together."
}

// clash tells whether two commits surely cannot be merged.
func (r *run) clash(ctx context.Context, p *plan, ours, theirs string) bool {
	if ours == "" || theirs == "" {
		return false
	}
	_, err := r.ask(ctx, p, "merge-tree", "--write-tree", "--name-only", "--no-messages", ours, theirs)
	exit, ok := errors.AsType[*exec.ExitError](err)
	const conflicts = 1 // other codes are failures
	return ok && exit.ExitCode() == conflicts
}

func nameOf(pull prowv1.Pull) string {
	name := fmt.Sprintf("#%d", pull.Number)
	if pull.Author != "" {
		name += " by " + printable(pull.Author)
	}
	if pull.SHA != "" {
		name += " (" + short(pull.SHA) + ")"
	}
	return name
}

func short(sha string) string { return sha[:min(len(sha), 12)] }

// list names files, but not more than people read.
func list(files []string) string {
	const enough = 10
	if more := len(files) - enough; more > 0 {
		return fmt.Sprintf("%s and %d more files", strings.Join(files[:enough], ", "), more)
	}
	return strings.Join(files, ", ")
}

// printable quotes names that could pass for something else in a log.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}

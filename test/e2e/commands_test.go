// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// command is what a line of a story does. Without "!" an error fails the story.
type command struct {
	usage string
	args  int // at least
	run   func(s *story, args []string) error
}

func list() map[string]command {
	return map[string]command{
		"repo":           {"repo: makes the repository, of the files in repo/", 0, makeRepo},
		"open":           {"open LOGIN FOLDER: opens a pull request that adds the folder's files", 2, open},
		"push":           {"push LOGIN NUMBER FOLDER: pushes a commit with the folder's files to a pull request", 3, push},
		"comment":        {"comment LOGIN NUMBER TEXT", 3, comment},
		"merge":          {"merge NUMBER", 1, merge},
		"switch":         {"switch on: makes the file @SWITCH@", 1, switchOn},
		"status":         {"status NUMBER|BRANCH CONTEXT STATE: awaits a status of the head", 3, status},
		"label":          {"label NUMBER LABEL: awaits a label", 2, label},
		"said":           {"said NUMBER COUNT [REGEXP]: once all is done, the bot's comments", 2, said},
		"running":        {"running JOB: awaits a run whose test has started", 1, running},
		"runs":           {"runs JOB [STATE...]: once all is done, the states of the job's runs, in order", 1, runs},
		"stored":         {"stored JOB FILE REGEXP: what the newest run has in the bucket", 3, stored},
		"secret":         {"secret NAME KEY VALUE: makes a secret that jobs can use", 3, makeSecret},
		"live":           {"live JOB REGEXP: awaits, in the bucket, a part of the log of a run that goes on", 2, live},
		"nowhere":        {"nowhere JOB TEXT: once all is done, no file of the newest run has the text", 2, nowhere},
		"periodics":      {"periodics FOLDER: puts the folder's files among the job files of the machine", 1, addPeriodics},
		"ring":           {"ring JOB: rings the PingSource of this minute's hour, or the next one's, until the periodic has a run", 1, ring},
		"ran":            {"ran JOB STATE...: awaits the states of a periodic's runs, in order", 2, ran},
		"never-together": {"never-together JOB: no two runs of the job overlapped", 1, neverTogether},
	}
}

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){}
	for name, c := range list() {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if len(args) < c.args {
				ts.Fatalf("usage: %s", c.usage)
			}
			s := ts.Value(storyKey{}).(*story)
			var err error
			if neg {
				err = s.never(name, c, args)
			} else {
				err = c.run(s, args)
			}
			if err != nil {
				ts.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
			}
		}
	}
	return all
}

// never is a command with "!": once all is done, the label is not there.
func (s *story) never(name string, _ command, args []string) error {
	if name != "label" {
		return fmt.Errorf("! is for label alone")
	}
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if err := s.settled(); err != nil {
		return err
	}
	labels, err := s.m.Forge.Reader().Labels(s.ctx, s.issue(number))
	if err == nil && labels.Has(args[1]) {
		err = fmt.Errorf("got labels %v", labels)
	}
	return err
}

func makeRepo(s *story, _ []string) error {
	s.repo = github.Repo{Org: "cutwater", Name: strings.TrimPrefix(s.name, "script-")}
	files, err := s.files("repo")
	if err != nil {
		return err
	}
	return s.m.Forge.AddRepository(s.ctx, s.repo, files)
}

func open(s *story, args []string) error {
	files, err := s.files(args[1])
	if err != nil {
		return err
	}
	_, err = s.m.Forge.Open(s.ctx, args[0], s.repo, args[1], files)
	return err
}

func push(s *story, args []string) error {
	number, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	files, err := s.files(args[2])
	if err != nil {
		return err
	}
	return s.m.Forge.PushTo(s.ctx, args[0], s.issue(number), files)
}

func comment(s *story, args []string) error {
	number, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return s.m.Forge.Say(s.ctx, args[0], s.issue(number), strings.Join(args[2:], " "))
}

func merge(s *story, args []string) error {
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	_, err = s.m.Forge.MergePull(s.ctx, "alice", s.issue(number), "merge")
	return err
}

func switchOn(s *story, _ []string) error { return os.WriteFile(s.switchPath(), nil, 0o644) }

func status(s *story, args []string) error {
	return s.await(func() error {
		got, err := s.headStatus(args[0], args[1])
		if err == nil && got != args[2] {
			err = fmt.Errorf("the status is %q", got)
		}
		return err
	})
}

func label(s *story, args []string) error {
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return s.await(func() error {
		labels, err := s.m.Forge.Reader().Labels(s.ctx, s.issue(number))
		if err == nil && !labels.Has(args[1]) {
			err = fmt.Errorf("got labels %v", labels)
		}
		return err
	})
}

func said(s *story, args []string) error {
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if err := s.settled(); err != nil {
		return err
	}
	comments, err := s.botComments(number)
	if err != nil {
		return err
	}
	if len(comments) != want {
		return fmt.Errorf("got %d comments: %v", len(comments), comments)
	}
	for _, pattern := range args[2:] {
		found, err := false, error(nil)
		for _, c := range comments {
			matches, bad := match(pattern, c.Body)
			found, err = found || matches, cmp.Or(err, bad)
		}
		if err != nil || !found {
			return fmt.Errorf("nothing matches %q (%w) in %v", pattern, err, comments)
		}
	}
	return nil
}

func running(s *story, args []string) error {
	return s.await(func() error {
		found, err := s.runs(args[0])
		if err != nil {
			return err
		}
		if slices.ContainsFunc(found, s.testStarted) {
			return nil
		}
		return fmt.Errorf("none of %d runs has started its test", len(found))
	})
}

func runs(s *story, args []string) error {
	if err := s.settled(); err != nil {
		return err
	}
	return s.states(args[0], args[1:])
}

// states says whether the runs of a job have these states.
func (s *story) states(job string, want []string) error {
	found, err := s.runs(job)
	if err != nil {
		return err
	}
	var states []string
	for _, run := range found {
		states = append(states, string(run.Status.State))
	}
	if !slices.Equal(states, want) {
		return fmt.Errorf("got %v", states)
	}
	return nil
}

func stored(s *story, args []string) error {
	if err := s.settled(); err != nil {
		return err
	}
	content, err := s.stored(args[0], args[1])
	if err != nil {
		return err
	}
	if found, err := match(args[2], content); err != nil || !found {
		return fmt.Errorf("it does not match (%w):\n%s", err, content)
	}
	return nil
}

func neverTogether(s *story, args []string) error {
	found, err := s.runs(args[0])
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b prowv1.ProwJob) int { return a.Status.PendingTime.Compare(b.Status.PendingTime.Time) })
	for i := 1; i < len(found); i++ {
		if before, after := found[i-1].Status, found[i].Status; after.PendingTime.Before(before.CompletionTime) {
			return fmt.Errorf("one ended at %v, the next began at %v", before.CompletionTime, after.PendingTime)
		}
	}
	return nil
}

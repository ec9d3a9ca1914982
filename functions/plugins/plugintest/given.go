// SPDX-License-Identifier: Apache-2.0

package plugintest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// given is what a story says of a pull or an issue.
type given struct {
	author, title, body string
	draft               bool
	files, labels       []string
}

// give makes true what a line says:
//
//	member org ann                     ann is a member of org
//	collaborator org/repo cat          cat may push to org/repo
//	bot ci[bot]                        an account of an app
//	pull org/repo#1 author=ann         an open pull; numbers must be in order
//	  … draft title=x body=x files=a.md,b.go labels=a,b
//	issue org/repo#2 author=ann        an open issue
//	status org/repo#1 unit failure     a status of a pull's head
//	workflow org/repo#1 build failure  a GitHub Actions workflow that has run on its head
//	ci-robot: text                     a comment on the issue or pull given last
func (w *world) give(line string) error {
	w.clock.tick()
	words := strings.Fields(line)
	switch words[0] {
	case "member":
		w.forge.AddMember(words[1], words[2])
		return nil
	case "bot":
		w.forge.AddUser(words[1])
		return nil
	case "collaborator":
		repo, err := w.repo(words[1])
		if err != nil {
			return err
		}
		return w.forge.AddCollaborator(repo, words[2], "push")
	case "pull", "issue":
		name, err := w.issue(words[1])
		if err != nil {
			return err
		}
		g, err := parseGiven(words[2:])
		if err != nil {
			return err
		}
		return w.open(name, words[0] == "pull", g)
	case "status":
		return w.setStatus(words)
	case "workflow":
		return w.addWorkflow(words)
	}
	login, body, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("nothing like that can be given")
	}
	_, err := w.forge.Comment(login, w.focus, unescape(body))
	return err
}

func (w *world) setStatus(words []string) error {
	name, err := w.issue(words[1])
	if err != nil {
		return err
	}
	pull, err := w.kit.GitHub.Pull(w.t.Context(), name)
	if err != nil {
		return err
	}
	return w.kit.GitHub.CreateStatus(w.t.Context(), name.Repository(), pull.Head.SHA, github.Status{Context: words[2], State: words[3]})
}

func (w *world) addWorkflow(words []string) error {
	name, err := w.issue(words[1])
	if err != nil {
		return err
	}
	pull, err := w.kit.GitHub.Pull(w.t.Context(), name)
	if err != nil {
		return err
	}
	id, err := w.forge.AddWorkflowRun(name.Repository(), github.WorkflowRun{
		Name: words[2], HeadSHA: pull.Head.SHA, HeadBranch: pull.Head.Ref, Event: "pull_request", Status: "completed", Conclusion: words[3],
	})
	w.workflows[strconv.FormatInt(id, 10)] = words[2]
	return err
}

func parseGiven(words []string) (given, error) {
	g := given{author: "ann", title: "A title"}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "author":
			g.author = value
		case "title":
			g.title = value
		case "body":
			g.body = unescape(value)
		case "draft":
			g.draft = true
		case "files":
			g.files = strings.Split(value, ",")
		case "labels":
			g.labels = strings.Split(value, ",")
		default:
			return g, fmt.Errorf("unknown %q", word)
		}
	}
	return g, nil
}

// open opens an issue or pull, and makes it what is spoken of.
func (w *world) open(name github.Issue, isPull bool, g given) error {
	var got github.Issue
	var err error
	if isPull {
		got, err = w.forge.OpenPull(w.t.Context(), name.Repository(), githubtest.PullOptions{
			As: g.author, Title: g.title, Body: g.body, Draft: g.draft, Commit: w.commit(g.files),
		})
	} else {
		got, err = w.forge.OpenIssue(w.t.Context(), g.author, name.Repository(), g.title, g.body)
	}
	if err != nil {
		return err
	}
	if got != name {
		return fmt.Errorf("it is %v: numbers must be in order", got)
	}
	w.focus = name
	for _, label := range g.labels {
		if err := w.forge.AddLabel(w.t.Context(), Bot, name, label); err != nil {
			return err
		}
	}
	return nil
}

// commit returns a change of the files, by default of one.
func (w *world) commit(files []string) githubtest.Commit {
	if len(files) == 0 {
		files = []string{"main.go"}
	}
	c := githubtest.Commit{Files: map[string]string{}}
	for _, file := range files {
		c.Files[file] = "changed at " + w.clock.read().String()
	}
	return c
}

// issue returns what a name such as org/repo#1 names, in a repository made if need be.
func (w *world) issue(name string) (github.Issue, error) {
	repoName, number, ok := strings.Cut(name, "#")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return github.Issue{}, fmt.Errorf("%q is not like org/repo#1", name)
	}
	repo, err := w.repo(repoName)
	return repo.Issue(n), err
}

// repo returns the repository of the name, made if need be with the story's files.
// The bot may push to it.
func (w *world) repo(name string) (github.Repo, error) {
	repo, err := github.ParseRepo(name)
	if err != nil || w.repos[repo] {
		return repo, err
	}
	w.repos[repo] = true
	files := map[string]string{"README.md": "Read me.\n"}
	for section, text := range w.files {
		if path, ok := strings.CutPrefix(section, "repo/"); ok {
			files[path] = text
		}
	}
	if err := w.forge.CreateRepo(w.t.Context(), repo, githubtest.RepoOptions{Files: files}); err != nil {
		return repo, err
	}
	if err := w.forge.AddCollaborator(repo, Bot, "push"); err != nil || w.ear == "" {
		return repo, err
	}
	return repo, w.listen(repo)
}

// unescape lets one line of a story hold several.
func unescape(text string) string { return strings.ReplaceAll(text, `\n`, "\n") }

// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// Main is the clonerefs program; it returns its exit code.
func Main(p command.Process) int {
	log := command.Logger("clonerefs", p.Stderr, slog.LevelInfo)
	o, err := load(p)
	if command.IsHelp(err) {
		return command.OK
	}
	if err != nil {
		log.Error("Could not resolve options", "error", err)
		return command.Failed
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := Run(ctx, o, command.Wait, log); err != nil {
		log.Error("Cloning failed", "error", err)
		return command.Failed
	}
	log.Info("Finished cloning refs")
	return command.OK
}

func load(p command.Process) (*options.Clone, error) {
	// The defaults of flags are not those of the environment variable.
	o, flagged := &options.Clone{GitHubAPIEndpoints: []string{options.DefaultGitHubAPI}}, &options.Clone{}
	var repos []string
	var alias, uri string
	flags := p.Flags("clonerefs", "clones repositories, with pull requests merged, and records how it went.", "", options.CloneEnv)
	flags.StringVar(&flagged.SrcRoot, "src-root", "", "folder to clone below")
	flags.StringVar(&flagged.Log, "log", "", "file for the records")
	flags.StringVar(&flagged.GitUserName, "git-user-name", options.DefaultGitUserName, "author of merge commits")
	flags.StringVar(&flagged.GitUserEmail, "git-user-email", options.DefaultGitUserEmail, "address of the author of merge commits")
	flags.Var(command.Strings{Values: &repos}, "repo", "refs to clone: org,repo=base[:sha][,pull[:sha[:ref]]]...; may be repeated")
	flags.Var(command.Strings{Values: &flagged.KeyFiles}, "ssh-key", "SSH key, or folder of keys; may be repeated")
	flags.StringVar(&alias, "clone-alias", "", "template, with .Org and .Repo, of the path to clone to")
	flags.StringVar(&uri, "uri-prefix", "", "template, with .Org and .Repo, of the URI to clone from")
	flags.IntVar(&flagged.MaxParallelWorkers, "max-workers", 0, "how many repositories to clone at once; 0 is all")
	flags.StringVar(&flagged.CookiePath, "cookiefile", "", "cookie file for HTTP")
	flags.BoolVar(&flagged.Fail, "fail", false, "fail when a clone failed")
	if err := p.Load(options.CloneEnv, o, flags); err != nil {
		return nil, err
	}
	if flags.Parsed() {
		o = flagged
	}
	for _, text := range repos {
		refs, err := ParseRefs(text)
		if err != nil {
			return nil, err
		}
		if refs.PathAlias, err = expand(alias, refs); err != nil {
			return nil, fmt.Errorf("flag --clone-alias: %w", err)
		}
		if refs.CloneURI, err = expand(uri, refs); err != nil {
			return nil, fmt.Errorf("flag --uri-prefix: %w", err)
		}
		o.Refs = append(o.Refs, refs)
	}
	return o, nil
}

// expand puts org and repo into a template. It knows just these two fields:
// text/template would make the program half as big again.
func expand(text string, refs prowv1.Refs) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		field, after, ok := strings.Cut(rest, "}}")
		switch field = strings.TrimSpace(field); {
		case ok && field == ".Org":
			b.WriteString(refs.Org)
		case ok && field == ".Repo":
			b.WriteString(refs.Repo)
		default:
			return "", fmt.Errorf("%q: only {{.Org}} and {{.Repo}} are known", text)
		}
		text = after
	}
}

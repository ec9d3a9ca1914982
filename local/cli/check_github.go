// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// The checks that ask GitHub.
const (
	ownersCheck = "verify-owners-presence"
	appCheck    = "validate-github-app-installation"
)

// addGitHub adds the flags that say how GitHub is reached.
func addGitHub(flags *pflag.FlagSet, e *github.Environment) {
	flags.StringVar(&e.Endpoint, "github-endpoint", "", "GitHub's REST API (default: https://api.github.com)")
	flags.StringVar(&e.GraphQLEndpoint, "github-graphql-endpoint", "", "GitHub's GraphQL API (default: that of the endpoint)")
	flags.StringVar(&e.TokenPath, "github-token-path", "", "a file with a token for GitHub")
	flags.Int64Var(&e.AppID, "github-app-id", 0, "a GitHub App, in place of a token")
	flags.StringVar(&e.AppPrivateKeyPath, "github-app-private-key-path", "", "the App's private key")
}

// validate reports checks that cannot be done without a way to ask GitHub.
func (f *factsFlags) validate(selection check.Selection, selected []check.Check, withPlugins bool) error {
	var errs []error
	if withPlugins && needs(selected, ownersCheck) && f.github.TokenPath == "" && f.github.AppID == 0 {
		errs = append(errs, fmt.Errorf("%s needs --github-token-path or --github-app-id", ownersCheck))
	}
	if slices.Contains(selection.Names, appCheck) && f.github.AppID == 0 {
		errs = append(errs, fmt.Errorf("%s needs --github-app-id", appCheck))
	}
	return errors.Join(errs...)
}

// notRun says which selected check is not run, since --expensive-checks asks for all of them.
func (f *factsFlags) notRun(selected []check.Check) []check.Finding {
	if f.github.AppID != 0 || !needs(selected, appCheck) {
		return nil
	}
	return []check.Finding{{
		Problem: document.Problem{Message: "is not run, since it needs --github-app-id"}, Check: appCheck, Level: check.Notice,
	}}
}

// askGitHub finds out what the checks must know of GitHub.
func (f *factsFlags) askGitHub(ctx context.Context, in check.Input, selected []check.Check, facts *check.Facts) error {
	owners := in.Plugins != nil && needs(selected, ownersCheck)
	app := f.github.AppID != 0 && needs(selected, appCheck)
	if !owners && !app {
		return nil
	}
	gh, err := github.New(ctx, f.github.Options())
	if err != nil {
		return err
	}
	if app {
		if facts.AppOrgs, err = gh.AppOrgs(ctx); err != nil {
			return err
		}
	}
	if owners {
		return askOwners(ctx, gh, in, facts)
	}
	return nil
}

// ownersClient is what it takes to know where OWNERS files are.
type ownersClient interface {
	Contents(ctx context.Context, repo github.Repo, path, ref string) ([]byte, error)
	OrgFiles(ctx context.Context, org, path string) ([]github.RepoFile, error)
}

// askOwners asks which repos have a root OWNERS.
func askOwners(ctx context.Context, gh ownersClient, in check.Input, facts *check.Facts) error {
	facts.OrgRepos, facts.RootOwners = map[string][]string{}, map[string]bool{}
	orgs, repos := check.OwnersRepos(in)
	for _, org := range orgs {
		found, err := gh.OrgFiles(ctx, org, "OWNERS")
		if err != nil {
			return err
		}
		for _, of := range found {
			if name := of.Repo.String(); !of.Archived {
				facts.OrgRepos[org] = append(facts.OrgRepos[org], name)
				facts.RootOwners[name] = of.Exists
			}
		}
	}
	for _, name := range repos {
		org, repo, _ := strings.Cut(name, "/")
		_, err := gh.Contents(ctx, github.Repo{Org: org, Name: repo}, "OWNERS", "")
		if err != nil && !github.IsNotFound(err) && !errors.Is(err, github.ErrNotFile) {
			return err
		}
		facts.RootOwners[name] = err == nil
	}
	return nil
}

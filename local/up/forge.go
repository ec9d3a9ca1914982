// SPDX-License-Identifier: Apache-2.0

package up

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/forgepage"
	"github.com/cutwater-ci/cutwater/local/sample"
)

// The people of the machine's GitHub.
const (
	// Bot is who Cutwater is there.
	Bot = "cutwater-bot"
	// Member belongs to the organisation.
	Member = "alice"
	// Stranger does not.
	Stranger = "stranger"
)

// Forge is the machine's GitHub, where everything happens in a few calls.
type Forge struct {
	*githubtest.Server
	reader *github.Client // sees what the bot sees
	secret string         // of the webhooks
	people map[string]string
}

// startForge serves a GitHub with the machine's repository.
func (m *Machine) startForge(ctx context.Context) error {
	options := m.opts.Forge
	options.Dir = m.state.path("forge")
	server, err := githubtest.New(options) //nolint:contextcheck // each request has its own
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address(m.opts.ForgePort))
	if err != nil {
		return err
	}
	server.SetURL("http://" + listener.Addr().String())
	m.Forge = &Forge{Server: server, secret: rand.Text(), people: map[string]string{}}
	handler, err := forgepage.New(m.Forge.Reader, server)
	if err != nil {
		return err
	}
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	m.running.Go(func() {
		if err := web.Serve(listener); err != nil && ctx.Err() == nil {
			m.log.Errorw("The GitHub stopped", zap.Error(err))
		}
	})
	context.AfterFunc(ctx, func() { _ = web.Close() })
	m.ends = append(m.ends, server.Close)

	m.Org, m.Repo = sample.Org, sample.Repo
	if m.opts.Repo != "" {
		name := m.opts.Name
		if name == "" {
			name = nameOf(ctx, m.opts.Repo)
		}
		repo, err := github.ParseRepo(name)
		if err != nil {
			return fmt.Errorf("the repository's name: %w", err)
		}
		m.Org, m.Repo = repo.Org, repo.Name
	}
	if err := m.populate(ctx); err != nil {
		return err
	}
	if m.opts.Repo != "" && uncommittedJobs(ctx, m.opts.Repo) {
		m.steps.print("note: .prow.yaml has changes that are not committed, and so do not count")
	}
	m.Forge.reader, err = github.New(ctx, github.Options{Endpoint: server.URL(), Host: server.URL(), TokenFile: m.state.path("secrets", "github-token", "token")})
	return err
}

// populate makes the people, their tokens and the repository.
func (m *Machine) populate(ctx context.Context) error {
	for _, login := range []string{Bot, Member, Stranger} {
		m.Forge.people[login] = m.Forge.Token(login)
	}
	m.Forge.AddOwner(m.Org, Bot)
	m.Forge.AddMember(m.Org, Member)
	for name, content := range map[string]string{"hmac-token/hmac": m.Forge.secret, "github-token/token": m.Forge.people[Bot]} {
		if err := m.state.write([]byte(content), append([]string{"secrets"}, strings.Split(name, "/")...)...); err != nil {
			return err
		}
	}
	options := githubtest.RepoOptions{Dir: m.opts.Repo}
	if m.opts.Repo == "" {
		files, err := sample.Files()
		if err != nil {
			return err
		}
		options.Files = files
	}
	return m.Forge.addRepository(ctx, m.Repository(), options)
}

func (f *Forge) addRepository(ctx context.Context, repo github.Repo, options githubtest.RepoOptions) error {
	if err := f.CreateRepo(ctx, repo, options); err != nil {
		return err
	}
	return f.AddCollaborator(repo, Member, "push")
}

// AddRepository makes another repository.
func (f *Forge) AddRepository(ctx context.Context, repo github.Repo, files map[string]string) error {
	return f.addRepository(ctx, repo, githubtest.RepoOptions{Files: files})
}

// tokens are those of the people; the bot's is for Cutwater alone.
func (f *Forge) tokens() map[string]string {
	return map[string]string{Member: f.people[Member], Stranger: f.people[Stranger]}
}

// hookApp makes the GitHub App that hook is, and returns hook's environment: its
// webhook is the one of every repository, and what of it gets lost is asked for.
func (m *Machine) hookApp() (map[string]string, error) {
	const id = 1
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	path := []string{"secrets", "github-app", "private-key"}
	if err := m.state.write(pem.EncodeToMemory(block), path...); err != nil {
		return nil, err
	}
	m.Forge.AddApp(githubtest.App{ID: id, Slug: "cutwater", Key: &key.PublicKey, Orgs: []string{m.Org}})
	return map[string]string{
		"HOST":              "127.0.0.1",
		"GITHUB_TOKEN_PATH": "", "GITHUB_APP_ID": strconv.Itoa(id), "GITHUB_APP_PRIVATE_KEY_PATH": m.state.path(path...),
	}, nil
}

// sendWebhooksTo has every event of every repository sent to the URL.
func (f *Forge) sendWebhooksTo(url string) error {
	return f.AddWebhook(githubtest.Webhook{URL: url, Secret: f.secret})
}

// Open opens a pull request that changes the files, from the branch.
func (f *Forge) Open(ctx context.Context, login string, repo github.Repo, branch string, files map[string]string) (github.Pull, error) {
	issue, err := f.OpenPull(ctx, repo, githubtest.PullOptions{
		As: login, Title: "A change by " + login, Branch: branch,
		Commit: githubtest.Commit{Message: "A change", Files: files},
	})
	if err != nil {
		return github.Pull{}, err
	}
	pull, err := f.reader.Pull(ctx, issue)
	if err != nil {
		return github.Pull{}, err
	}
	return *pull, nil
}

// PushTo adds a commit to a pull request.
func (f *Forge) PushTo(ctx context.Context, login string, pull github.Issue, files map[string]string) error {
	_, err := f.PushPull(ctx, login, pull, githubtest.Commit{Message: "Another change", Files: files})
	return err
}

// Say comments on a pull request.
func (f *Forge) Say(_ context.Context, login string, pull github.Issue, text string) error {
	_, err := f.Comment(login, pull, text)
	return err
}

// Reader is a client that sees what the bot sees.
func (f *Forge) Reader() *github.Client { return f.reader }

// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/config/inrepo"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/config/plugins"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/kubeconfig"
)

// The API server's own limits protect it; client-go's defaults (5 and 10) would
// make 1,500 ProwJobs take five minutes.
const (
	queriesPerSecond = 500
	queriesAtOnce    = 1000
)

func (e Environment) pluginFiles() plugins.Files {
	return plugins.Files{Config: e.PluginConfig, SupplementalDirs: e.SupplementalPluginConfigDirs}
}

// clients returns what plugins act through.
func (e Environment) clients(ctx context.Context) (Clients, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	options := e.GitHub.Options()
	options.DryRun = options.DryRun || e.DryRun
	options.UserAgent, options.Transport = "cutwater-plugins", noting{transport}
	gh, err := github.New(ctx, options)
	if err != nil {
		return Clients{}, err
	}
	prowJobs, err := e.prowJobs()
	if err != nil {
		return Clients{}, err
	}
	mirrors := &lazyInRepo{open: sync.OnceValues(func() (*inrepo.Getter, error) { return e.openInRepo(ctx, gh) })}
	return Clients{GitHub: gh, ProwJobs: prowJobs, InRepo: mirrors, Now: time.Now}, nil
}

// openInRepo returns what reads repositories.
func (e Environment) openInRepo(ctx context.Context, gh *github.Client) (*inrepo.Getter, error) {
	dir := e.GitCacheDir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "plugins-git-"); err != nil {
			return nil, fmt.Errorf("making a folder for repositories: %w", err)
		}
		context.AfterFunc(ctx, func() { _ = os.RemoveAll(dir) })
	}
	return inrepo.New(ctx, gh, inrepo.Options{Dir: dir})
}

// lazyInRepo needs git only where the configuration lets repositories hold jobs.
type lazyInRepo struct {
	open func() (*inrepo.Getter, error)
}

// Jobs is that of inrepo.Getter.
func (l *lazyInRepo) Jobs(ctx context.Context, repo github.Repo, baseSHA string, headSHAs ...string) (*jobs.InRepoFile, error) {
	getter, err := l.open()
	if err != nil {
		return nil, err
	}
	return getter.Jobs(ctx, repo, baseSHA, headSHAs...)
}

// prowJobs returns the client of the cluster with the ProwJobs.
func (e Environment) prowJobs() (prowclient.ProwJobsGetter, error) {
	c, err := kubeconfig.Load(e.Kubeconfig)
	if err != nil {
		return nil, err
	}
	c.QPS, c.Burst = queriesPerSecond, queriesAtOnce
	c.UserAgent = "cutwater-plugins"
	c.Wrap(func(next http.RoundTripper) http.RoundTripper { return noting{next} })
	if e.DryRun {
		c.Wrap(func(next http.RoundTripper) http.RoundTripper { return dryRun{next} })
	}
	client, err := prowclient.NewForConfig(rest.CopyConfig(c))
	if err != nil {
		return nil, fmt.Errorf("making a client for ProwJobs: %w", err)
	}
	return client, nil
}

// dryRun is a transport that asks the API server to check changes, and not to keep them.
type dryRun struct{ next http.RoundTripper }

func (d dryRun) RoundTrip(r *http.Request) (*http.Response, error) {
	if changes(r) {
		r = r.Clone(r.Context())
		q := r.URL.Query()
		q.Set("dryRun", "All")
		r.URL.RawQuery = q.Encode()
	}
	return d.next.RoundTrip(r)
}

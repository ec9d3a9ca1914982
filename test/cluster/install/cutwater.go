// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
	"github.com/cutwater-ci/cutwater/test/cluster/knative"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

const (
	// Org is the organisation of the forge, and Repo its first repository, whose
	// jobs are in overlay/jobs.yaml.
	Org, Repo = "cutwater-test", "sample"
	// Member belongs to the organisation.
	Member = "alice"
	// Hook is where the forge sends webhooks.
	Hook = "http://hook.cutwater." + knative.Domain + "/hook"
)

// Cutwater installs Cutwater, a GitHub and an S3 server, and waits until all are
// ready. The GitHub gets a repository and sends its webhooks to hook.
func (i *Installer) Cutwater(ctx context.Context) error {
	built, err := i.Build(ctx)
	if err != nil {
		return err
	}
	return i.Install(ctx, built)
}

// Build builds the programs of Cutwater, a GitHub and an S3 server, brings their
// images onto the node, and returns the objects that Install is to install.
func (i *Installer) Build(ctx context.Context) ([]*objects.Object, error) {
	manifests, err := i.manifests()
	if err != nil {
		return nil, err
	}
	references, err := i.bring(ctx, append(objects.Programs(manifests), forge.Program), nil)
	if err != nil {
		return nil, err
	}
	github, err := forge.Manifests(references)
	if err != nil {
		return nil, err
	}
	return slices.Concat(github, manifests), objects.Images(manifests, references)
}

// Install installs what was built, and waits until it is ready.
func (i *Installer) Install(ctx context.Context, built []*objects.Object) error {
	done, err := i.alone(ctx) // two would make up different secrets
	if err != nil {
		return err
	}
	defer done()
	secrets, err := i.secrets(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := i.apply(ctx, slices.Concat(secrets, built)); err != nil {
		return fmt.Errorf("installing Cutwater: %w", err)
	}
	i.say(begun, "Cutwater is ready")
	return i.prepare(ctx)
}

// manifests are those of Cutwater, whose images are still programs' names.
func (i *Installer) manifests() ([]*objects.Object, error) {
	overlay := filepath.Join(i.Root, "test", "cluster", "install", "overlay")
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), overlay)
	if err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w", overlay, err)
	}
	stream, err := resources.AsYaml()
	if err != nil {
		return nil, err
	}
	return objects.Read(stream)
}

// Forge is a client of the forge.
func (i *Installer) Forge() forge.Client {
	return forge.Client{URL: forge.URL, HTTP: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: i.Config.Dial},
	}}
}

// prepare gives a forge a repository and a webhook that sends to hook, unless it
// has them.
func (i *Installer) prepare(ctx context.Context) error {
	c := i.Forge()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/repos/%s/%s", c.URL, Org, Repo), nil)
	if err != nil {
		return err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		repo := github.Repo{Org: Org, Name: Repo}
		if err := c.CreateRepo(ctx, forge.Repo{Repo: repo, Files: map[string]string{"README.md": "A sample.\n"}, Members: []string{Member}}); err != nil {
			return err
		}
	}
	sent, err := c.Deliveries(ctx)
	if err != nil || len(sent) > 0 { // a new webhook is sent a ping
		return err
	}
	return c.AddWebhook(ctx, forge.Webhook{URL: Hook, Org: Org})
}

// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

// What deploy/ becomes on a test cluster has an image for every program, a
// bucket without a volume to keep, and the tests' configuration.
func TestManifests(t *testing.T) {
	i := &Installer{Options: Options{Root: "../../.."}}
	manifests, err := i.manifests()
	if err != nil {
		t.Fatal(err)
	}
	programs := objects.Programs(manifests)
	references := map[string]string{}
	for _, program := range programs {
		if program != versitygw && !strings.HasPrefix(program, module) {
			t.Errorf("%s is no program that is built", program)
		}
		references[program] = "dev.local/" + program + ":1"
	}
	for _, want := range []string{"cmd/hook", "cmd/plugins", "cmd/controller", "cmd/clonerefs", "cmd/entrypoint"} {
		if references[module+want] == "" {
			t.Errorf("there is no %s among %v", want, programs)
		}
	}
	if err := objects.Images(manifests, references); err != nil {
		t.Fatal(err)
	}
	for _, object := range manifests {
		if object.GetKind() == "PersistentVolumeClaim" {
			t.Errorf("there is a PersistentVolumeClaim, for which there is no storage")
		}
		if text, err := object.MarshalJSON(); err != nil || strings.Contains(string(text), "ghcr.io") || strings.Contains(string(text), "kind.local") {
			t.Errorf("%s %s names an image that nobody can pull, or %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// The programs with git in their image are those that .ko.yaml says.
func TestWithGit(t *testing.T) {
	i := &Installer{Options: Options{Root: "../../.."}}
	got, err := i.withGit()
	if err != nil {
		t.Fatal(err)
	}
	if !got[module+"cmd/clonerefs"] || got[module+"cmd/hook"] {
		t.Errorf("got %v, want clonerefs and not hook", got)
	}
}

func TestSecret(t *testing.T) {
	got := secret("ns", "s", map[string]string{"key": "value"})
	want, err := objects.Read([]byte("{apiVersion: v1, kind: Secret, type: Opaque, metadata: {name: s, namespace: ns}, data: {key: dmFsdWU=}}"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[0], got); diff != "" {
		t.Errorf("secret (-want +got):\n%s", diff)
	}
}

// The configuration is one that Cutwater loads, with a job for the repository.
func TestConfiguration(t *testing.T) {
	loaded, err := config.Load(t.Context(), config.Files{Config: "overlay/config.yaml", Jobs: "overlay/jobs.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Presubmits(Org+"/"+Repo)) == 0 {
		t.Errorf("there are no jobs for %s/%s", Org, Repo)
	}
}

// Tests know the image of jobs without asking the node.
func TestShellImage(t *testing.T) {
	first, err := ShellImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ShellImage(t.Context()); err != nil || again != first || !strings.HasPrefix(first, "dev.local/shell:") {
		t.Errorf("got %s and %s, %v; want the same tag of dev.local/shell", first, again, err)
	}
}

// A start that was cut short between the repository and the webhook is made up for
// by the next, and there is one webhook after any number of them.
func TestPrepare(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	server := githubtest.Start(t, githubtest.Options{Client: &http.Client{Transport: through(hook)}})
	web := httptest.NewServer(forge.Handler(server, "secret"))
	defer web.Close()
	i := &Installer{Options: Options{Config: &rest.Config{Dial: through(web).DialContext}}}
	half := forge.Repo{Repo: github.Repo{Org: Org, Name: Repo}}
	if err := i.Forge().CreateRepo(t.Context(), half); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := i.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sent, err := i.Forge().Deliveries(t.Context()); err != nil || len(sent) != 1 || sent[0].Event != "ping" {
			t.Errorf("got deliveries %+v, %v; want one ping", sent, err)
		}
	}
}

// through reaches a server under any name.
func through(s *httptest.Server) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}}
}

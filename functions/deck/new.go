// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	informers "github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/internal/kubeconfig"
)

// New returns deck's handler. Its informer ends with ctx.
func New(ctx context.Context, env function.Lookup) (http.Handler, error) {
	var e Environment
	if err := function.Decode(ctx, env, &e); err != nil {
		return nil, err
	}
	if len(e.TenantIDs) > 0 && (e.ShowHidden || e.HiddenOnly) {
		return nil, errors.New("TENANT_IDS excludes SHOW_HIDDEN and HIDDEN_ONLY")
	}
	store, err := config.NewStore(ctx, e.Config.Files(), lastgood.Reading(e.Bucket, e.Credentials))
	if err != nil {
		return nil, err
	}
	rest, err := kubeconfig.Load(e.Kubeconfig)
	if err != nil {
		return nil, err
	}
	rest.QPS, rest.Burst = 50, 100 // pages are few and big
	prow, err := versioned.NewForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("making the client of ProwJobs: %w", err)
	}
	kube, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("making the client of pods: %w", err)
	}
	// A new namespace in the configuration needs a restart, as it does everywhere.
	namespace := store.Load().ProwJobNamespace
	factory := informers.NewSharedInformerFactoryWithOptions(prow, 0, informers.WithNamespace(namespace))
	runs, err := watchRuns(ctx, prow.ProwV1(), factory.Prow().V1().ProwJobs(), namespace)
	if err != nil {
		return nil, err
	}
	s := &server{
		runs: runs, logs: kubeLogs{kube}, config: store.Load, now: time.Now,
		show: visibility{showHidden: e.ShowHidden, hiddenOnly: e.HiddenOnly, tenants: e.TenantIDs},
	}
	if err := s.openStorage(ctx, e); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	return s.handler(), nil
}

// openStorage readies the buckets and the inbox.
func (s *server) openStorage(ctx context.Context, e Environment) error {
	s.storage = &storage{buckets: blob.Pool{Credentials: e.Credentials}, extra: e.ArtifactBuckets}
	if e.Bucket == "" {
		return nil
	}
	bucket, err := blob.OpenWithCredentials(ctx, e.Bucket, e.Credentials)
	if err != nil {
		return err
	}
	s.inbox = inbox.New(bucket)
	s.storage.inbox = bucket.String()
	s.storage.extra = append(s.storage.extra, bucket.String())
	return nil
}

//go:embed pages static
var files embed.FS

// parsePages reads the templates.
func parsePages() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{"icon": icon}).ParseFS(files, "pages/*.html")
}

// icon is a sign for a state, for those who do not see colours.
func icon(state any) string {
	switch fmt.Sprint(state) {
	case "success", "done":
		return "✓"
	case "failure", "permanent":
		return "✗"
	case "error":
		return "!"
	case "aborted":
		return "■"
	case "pending":
		return "▶"
	case "nothing":
		return "–"
	}
	return "…"
}

// static serves the style sheet, the script and the logo.
func (s *server) static(w http.ResponseWriter, r *http.Request) {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	name := r.PathValue("name")
	data, err := files.ReadFile(path.Join("static", path.Base(name)))
	if err != nil {
		fail(w, r, notFound("There is nothing here."))
		return
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(data) //nolint:gosec // G705: a file of ours
}

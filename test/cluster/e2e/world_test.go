// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	prowinformers "github.com/cutwater-ci/cutwater/internal/client/informers/externalversions"
	prowlisters "github.com/cutwater-ci/cutwater/internal/client/listers/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/test/cluster/cluster"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
)

// Namespaces of the cluster.
const (
	ours     = "cutwater"
	jobs     = "test-pods"
	eventing = "knative-eventing"
)

// world is the cluster with Cutwater on it, and who acts there.
type world struct {
	cluster *cluster.Cluster
	kube    kubernetes.Interface
	dynamic dynamic.Interface
	prow    versioned.Interface
	forge   forge.Client
	github  *github.Client
	outside *http.Client // comes through the ingress

	pods     *lives
	prowjobs prowlisters.ProwJobNamespaceLister
	figures  *figures
}

// open reaches the cluster, and begins to watch it until the test ends.
func open(t *testing.T) *world {
	t.Helper()
	c, err := cluster.Open(cluster.Options{Name: cmp.Or(os.Getenv("E2E_CLUSTER"), "e2e")})
	if err != nil {
		t.Fatal(err)
	}
	config, err := c.Config()
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	w := &world{cluster: c, figures: newFigures(t)}
	if err := w.connect(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if w.pods, err = watchPods(t.Context(), w.kube); err != nil {
		t.Fatal(err)
	}
	keep(t, w)
	informers := prowinformers.NewSharedInformerFactory(w.prow, 0)
	w.prowjobs = informers.Prow().V1().ProwJobs().Lister().ProwJobs(ours)
	informers.Start(t.Context().Done())
	for kind, synced := range informers.WaitForCacheSync(ctx.Done()) {
		if !synced {
			t.Fatalf("%v cannot be watched", kind)
		}
	}
	return w
}

// connect makes the clients.
func (w *world) connect(ctx context.Context, config *rest.Config) (err error) {
	if w.kube, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if w.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	if w.prow, err = versioned.NewForConfig(config); err != nil {
		return err
	}
	w.outside = w.fromOutside()
	transport := &http.Transport{DialContext: w.cluster.Dial}
	w.forge = forge.Client{URL: forge.URL, HTTP: &http.Client{Timeout: 30 * time.Second, Transport: transport}}
	w.github, err = github.New(ctx, github.Options{Endpoint: forge.URL, Transport: transport})
	return err
}

// await waits until why is empty; it says what is still missing. It is asked ten
// times a second, so it should look at what is watched, or at one thing alone.
func await(t *testing.T, what string, why func() string) {
	t.Helper()
	begun := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := why()
		if missing == "" {
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("waited %v for %s: %s", patience, what, missing)
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("waiting for %s: %v: %s", what, t.Context().Err(), missing)
		}
	}
}

// runs are the ProwJobs that match, for example by the GUID of the delivery that
// they came of.
func (w *world) runs(t *testing.T, match func(*prowv1.ProwJob) bool) []*prowv1.ProwJob {
	t.Helper()
	all, err := w.prowjobs.List(labels.Everything())
	if err != nil {
		t.Fatal(err)
	}
	var found []*prowv1.ProwJob
	for _, pj := range all {
		if match(pj) {
			found = append(found, pj)
		}
	}
	return found
}

// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

func TestParseElection(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want election
		ok   bool
	}{
		{"15s/10s/800ms", election{15 * time.Second, 10 * time.Second, 800 * time.Millisecond}, true},
		{"2s/1500ms/100ms", election{2 * time.Second, 1500 * time.Millisecond, 100 * time.Millisecond}, true},
		{"", election{}, false},
		{"15s", election{}, false},
		{"15s/10s/2s/1s", election{}, false},
		{"15s/10s/x", election{}, false},
		{"10s/15s/2s", election{}, false},
		{"15s/10s/9s", election{}, false},
		{"15s/10s/0s", election{}, false},
		{"900ms/500ms/100ms", election{}, false},
		{"2900ms/2500ms/100ms", election{}, false},
	} {
		got, err := parseElection(tc.in)
		if (err == nil) != tc.ok || err == nil && *got != tc.want || err != nil && !errors.Is(err, errElection) {
			t.Errorf("parseElection(%q) = %+v, %v, want %+v, ok %v", tc.in, got, err, tc.want, tc.ok)
		}
	}
	if got, err := parseElection("off"); got != nil || err != nil {
		t.Errorf(`parseElection("off") = %+v, %v, want nothing`, got, err)
	}
}

// fleet is replicas of the controller over one namespace of a real API server.
type fleet struct {
	*testing.T
	config    *rest.Config
	namespace string
	kube      kubernetes.Interface
	prow      versioned.Interface
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	config := controlplane.Test(t)
	f := &fleet{T: t, config: config, kube: kubernetes.NewForConfigOrDie(config), prow: versioned.NewForConfigOrDie(config)}
	f.world()
	return f
}

// world gives the fleet a new namespace.
func (f *fleet) world() {
	f.Helper()
	namespace, err := f.kube.CoreV1().Namespaces().Create(f.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "fleet-"}}, metav1.CreateOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.namespace = namespace.Name
}

// process is a replica, which has a process of its own, as it were.
type process struct {
	cut  atomic.Bool // its connections, as if it were killed
	stop func()
}

const (
	soon = "3s/2s/200ms"
	// late is when a lease expires long after what is to happen at once, on a busy machine, too.
	late = "60s/40s/200ms"
)

func (f *fleet) replica(name, timing string, controllers ...string) *process {
	f.Helper()
	r := &process{}
	kubernetes := rest.CopyConfig(f.config)
	kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if r.cut.Load() {
				return nil, errors.New("this process was killed")
			}
			return next.RoundTrip(req)
		})
	})
	minute := &prowv1.Duration{Duration: time.Minute}
	snapshot := &config.Config{
		ProwJobNamespace: f.namespace, PodNamespace: f.namespace,
		Plank: config.Plank{PodPendingTimeout: minute, PodRunningTimeout: minute, PodUnscheduledTimeout: minute},
	}
	ctx, cancel := context.WithCancel(logging.WithLogger(context.Background(), zaptest.NewLogger(f.T).Sugar().Named(name)))
	run, err := newManager(ctx, Environment{Controllers: append([]string{"plank"}, controllers...), LeaderElection: timing, Identity: name},
		kubernetes, func() *config.Config { return snapshot })
	if err != nil {
		f.Fatalf("making replica %s: %v", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			f.Errorf("replica %s: %v", name, err)
		}
	}
	f.Cleanup(r.stop)
	return r
}

// starts creates a ProwJob and says how long it took to get its pod.
func (f *fleet) starts(name string) time.Duration {
	f.Helper()
	began := time.Now()
	_, err := f.prow.ProwV1().ProwJobs(f.namespace).Create(f.Context(), &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PeriodicJob, Agent: prowv1.KubernetesAgent, Job: "unit",
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine"}}},
		},
		Status: prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: metav1.Now()},
	}, metav1.CreateOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.eventually("pod "+name, func() bool {
		_, err := f.kube.CoreV1().Pods(f.namespace).Get(f.Context(), name, metav1.GetOptions{})
		return err == nil
	})
	return time.Since(began)
}

func (f *fleet) eventually(what string, ok func() bool) {
	f.Helper()
	if err := wait.PollUntilContextTimeout(f.Context(), 20*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		return ok(), nil
	}); err != nil {
		f.Fatalf("waiting for %s: %v", what, err)
	}
}

func (f *fleet) holder() string { return f.holderOf("prow-controller-manager-leader-lock") }

func (f *fleet) holderOf(name string) string {
	lease, err := f.kube.CoordinationV1().Leases(f.namespace).Get(f.Context(), name, metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

func TestReplicas(t *testing.T) {
	f := newFleet(t)

	// Only one works, and one that stops hands over at once.
	one := f.replica("one", late)
	f.starts("first")
	if f.holder() != "one" {
		t.Fatalf("the lease is held by %q, want one", f.holder())
	}
	f.replica("two", late)
	one.stop()
	if took := f.starts("second"); took > 20*time.Second {
		t.Errorf("after a stop the other replica took over after %v; it should not wait for the lease to expire", took)
	}
	if f.holder() != "two" {
		t.Errorf("the lease is held by %q, want two", f.holder())
	}

	// One that is killed keeps the lease until it expires.
	f.world()
	dead := f.replica("dead", soon)
	f.starts("first")
	dead.cut.Store(true)
	f.replica("heir", soon)
	f.starts("second")
	if f.holder() != "heir" {
		t.Errorf("the lease is held by %q, want heir", f.holder())
	}
	dead.cut.Store(false) // it comes back, and must not work any more
	f.starts("third")
	if f.holder() != "heir" {
		t.Errorf("the lease is held by %q, want heir", f.holder())
	}

	// One that is killed and started under its name goes on at once.
	f.world()
	killed := f.replica("same", late)
	f.starts("first")
	killed.cut.Store(true)
	f.replica("same", late)
	if took := f.starts("second"); took > 20*time.Second {
		t.Errorf("the replica that was started again took %v to go on; it should not wait for its own lease", took)
	}
}

// TestReplicasShare has two replicas, with three controllers, come and go.
func TestReplicasShare(t *testing.T) {
	f := newFleet(t)
	more := []string{"crier", "crier-bucket"}
	one := f.replica("one", late, more...)
	f.starts("first")
	f.shared("one one one")
	two := f.replica("two", late, more...)
	f.shared("one one two")
	f.starts("second")
	one.stop()
	f.shared("two two two")
	f.starts("third")
	f.replica("one", late, more...) // the same name, another process
	f.shared("one two two")
	f.starts("fourth")
	two.cut.Store(true) // it is as if killed, and comes again under its name
	f.replica("two", late, more...)
	f.starts("fifth")
	f.shared("one two two")
}

// shared waits until leases are held so; who has which is not said.
func (f *fleet) shared(want string) {
	f.Helper()
	got := ""
	f.eventually("leases held by "+want, func() bool {
		var holders []string
		for _, lease := range []string{"prow-controller-manager-leader-lock", "crier-github-reporter", "crier-bucket-reporter"} {
			holders = append(holders, f.holderOf(lease))
		}
		slices.Sort(holders)
		got = strings.Join(holders, " ")
		return got == want
	})
}

func TestManyReplicasMakeOnePod(t *testing.T) {
	f := newFleet(t)
	for i := range 3 {
		f.replica(fmt.Sprint("replica-", i), soon)
	}
	for i := range 20 {
		f.starts(fmt.Sprint("run-", i))
	}
	jobs, err := f.prow.ProwV1().ProwJobs(f.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pj := range jobs.Items {
		f.eventually(pj.Name+" being pending", func() bool {
			current, err := f.prow.ProwV1().ProwJobs(f.namespace).Get(t.Context(), pj.Name, metav1.GetOptions{})
			return err == nil && current.Status.State == prowv1.PendingState
		})
	}
}

// TestFresh has a cache that nobody fills but the test.
func TestFresh(t *testing.T) {
	f := newFleet(t)
	c, err := newCluster(t.Context(), f.config, f.namespace, f.namespace, nil)
	if err != nil {
		t.Fatal(err)
	}
	cached := c.jobs.Prow().V1().ProwJobs().Informer().GetIndexer()
	jobs := f.prow.ProwV1().ProwJobs(f.namespace)
	check := func(what string, want bool) {
		t.Helper()
		if got, err := c.fresh(t.Context()); got != want || err != nil {
			t.Errorf("%s: fresh is %v, %v, want %v", what, got, err, want)
		}
	}
	check("nothing", true)
	pj, err := jobs.Create(t.Context(), &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: "run"},
		Spec:       prowv1.ProwJobSpec{Type: prowv1.PeriodicJob, Job: "unit"},
		Status:     prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: metav1.Now()},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	check("a new run", false)
	if err := cached.Add(pj); err != nil {
		t.Fatal(err)
	}
	check("the cache has it", true)
	if _, err := jobs.Patch(t.Context(), "run", types.MergePatchType, []byte(`{"status":{"state":"pending"}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	check("a change", false)
	if err := jobs.Delete(t.Context(), "run", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	check("a run that is gone", true)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

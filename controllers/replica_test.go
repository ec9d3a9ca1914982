// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"knative.dev/pkg/controller"
)

// shop is replicas that share four controllers out, in synthetic time, over an
// API server in memory.
type shop struct {
	*testing.T
	random *rand.Rand
	lossy  bool // requests fail at times
	calls  sync.WaitGroup

	mu      sync.Mutex
	leases  map[string]*coordinationv1.Lease
	version int
	working map[string]string    // who works, by controller
	worked  map[string]time.Time // when anybody began to, the last time
	by      map[string]string    // who that was
	open    map[string]*branch
}

// branch is one replica: a process, its controllers, and its connection.
type branch struct {
	coordinationclient.LeaseInterface // of which electors need Get, Create and Update

	shop    *shop
	name    string
	cut     atomic.Bool // its connection
	stop    context.CancelFunc
	ended   chan struct{}
	halt    context.Context // ends when it is killed
	haltNow context.CancelFunc
}

// defaults are LEADER_ELECTION's.
func defaults() election { return election{15 * time.Second, 10 * time.Second, 800 * time.Millisecond} }

func newShop(t *testing.T, seed uint64) *shop {
	s := &shop{
		T: t, random: rand.New(rand.NewPCG(seed, 1)), leases: map[string]*coordinationv1.Lease{},
		working: map[string]string{}, worked: map[string]time.Time{}, by: map[string]string{}, open: map[string]*branch{},
	}
	t.Cleanup(s.calls.Wait) // those, too, for whose answer nobody waits
	return s
}

func (s *shop) names() []string { return []string{"plank", "crier", "crier-bucket", "schedule"} }

// start starts a replica.
func (s *shop) start(name string) *branch {
	b := &branch{shop: s, name: name, ended: make(chan struct{})}
	stop, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	b.halt, b.haltNow = context.WithCancel(context.Background())
	working, end := context.WithCancel(b.halt)
	context.AfterFunc(stop, func() { time.AfterFunc(stopGrace, end) })
	r, err := newReplica(b, "ci", name, defaults())
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range s.names() {
		impl := &controller.Impl{Name: name, Reconciler: reconcileFunc(b.reconcile)}
		worker, err := newElected(stop, impl, always)
		if err != nil {
			s.Fatal(err)
		}
		leave, err := r.add(name, worker)
		if err != nil {
			s.Fatal(err)
		}
		go func() {
			defer leave()
			for stop.Err() == nil && b.halt.Err() == nil {
				_ = impl.Reconciler.Reconcile(working, name) // that it is skipped shows in shop.worked
				pass(50 * time.Millisecond)
			}
		}()
	}
	go func() {
		defer close(b.ended)
		r.run(working, stop)
	}()
	s.open[name] = b
	return b
}

// reconcile works on a controller's object for up to two seconds, and does not end
// at once when it is to. Nobody else may.
func (b *branch) reconcile(ctx context.Context, name string) error {
	s := b.shop
	s.mu.Lock()
	if other := s.working[name]; other != "" {
		s.Errorf("%v: %s and %s work on %s", time.Now(), b.name, other, name)
	}
	s.working[name], s.worked[name], s.by[name] = b.name, time.Now(), b.name
	takes, lingers := time.Duration(s.random.IntN(2000))*time.Millisecond, time.Duration(s.random.IntN(2000))*time.Millisecond
	s.mu.Unlock()
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		for lingered := time.Duration(0); lingered < lingers && b.halt.Err() == nil; lingered += 10 * time.Millisecond {
			pass(10 * time.Millisecond)
		}
	case <-b.halt.Done():
	}
	s.mu.Lock()
	s.working[name] = ""
	s.mu.Unlock()
	return nil
}

// kill ends a replica as kill -9 would.
func (b *branch) kill() {
	b.cut.Store(true)
	b.haltNow()
	delete(b.shop.open, b.name)
}

// quit ends a replica well.
func (b *branch) quit() {
	delete(b.shop.open, b.name)
	b.stop()
}

func pass(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// call is what each request goes through: it takes its time, and may get lost before
// or after it was done, or be done when nobody waits for it any more.
func (b *branch) call(ctx context.Context, do func(*shop) (*coordinationv1.Lease, error)) (*coordinationv1.Lease, error) {
	there, back, lost := b.shop.luck()
	ctx, cancel := context.WithTimeout(ctx, defaults().renew/2) // as newCluster
	defer cancel()
	answer := make(chan func() (*coordinationv1.Lease, error), 1)
	b.shop.calls.Go(func() {
		if pass(there); b.cut.Load() {
			return
		}
		b.shop.mu.Lock()
		found, err := do(b.shop)
		b.shop.mu.Unlock()
		pass(back)
		if !b.cut.Load() && !lost {
			answer <- func() (*coordinationv1.Lease, error) { return found, err }
		}
	})
	select {
	case got := <-answer:
		return got()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// luck is what becomes of a request.
func (s *shop) luck() (there, back time.Duration, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	some := func(most int) time.Duration { return time.Duration(s.random.IntN(most)) * time.Millisecond }
	there, back = some(100), some(100)
	if !s.lossy {
		return there, back, false
	}
	switch s.random.IntN(60) {
	case 0:
		there = some(8000)
	case 1:
		back = some(8000)
	case 2:
		lost = true
	}
	return there, back, lost
}

// Leases implements coordinationclient.LeasesGetter.
func (b *branch) Leases(string) coordinationclient.LeaseInterface { return b }

func (b *branch) Get(ctx context.Context, name string, _ metav1.GetOptions) (*coordinationv1.Lease, error) {
	return b.call(ctx, func(s *shop) (*coordinationv1.Lease, error) {
		if found := s.leases[name]; found != nil {
			return found.DeepCopy(), nil
		}
		return nil, apierrors.NewNotFound(schema.GroupResource{}, name)
	})
}

func (b *branch) Create(ctx context.Context, l *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	return b.write(ctx, l)
}

func (b *branch) Update(ctx context.Context, l *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	return b.write(ctx, l)
}

func (b *branch) write(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	written := l.DeepCopy()
	return b.call(ctx, func(s *shop) (*coordinationv1.Lease, error) {
		current := ""
		if there := s.leases[written.Name]; there != nil {
			current = there.ResourceVersion
		}
		if written.ResourceVersion != current {
			return nil, apierrors.NewConflict(schema.GroupResource{}, written.Name, errors.New("it has changed"))
		}
		s.version++
		written.ResourceVersion = strconv.Itoa(s.version)
		s.leases[written.Name] = written
		return written.DeepCopy(), nil
	})
}

// settled waits until everything is worked on, shared out evenly among who is there, and says how long that took.
func (s *shop) settled(within time.Duration) time.Duration {
	s.Helper()
	began := time.Now()
	for {
		if s.fair() {
			return time.Since(began)
		}
		if time.Since(began) > within {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Fatalf("after %v: open %v, the last to work were %v at %v", within, slices.Sorted(maps.Keys(s.open)), s.by, s.worked)
		}
		pass(100 * time.Millisecond)
	}
}

func (s *shop) fair() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	has := map[string]int{}
	for name := range s.open {
		has[name] = 0
	}
	for _, name := range s.names() {
		if time.Since(s.worked[name]) > 3*time.Second || s.open[s.by[name]] == nil {
			return false
		}
		has[s.by[name]]++
	}
	counts := slices.Sorted(maps.Values(has))
	return counts[len(counts)-1]-counts[0] <= 1
}

// close ends all replicas, so that nothing is left in the bubble.
func (s *shop) close() {
	for _, b := range slices.Collect(maps.Values(s.open)) {
		b.quit()
		<-b.ended
	}
}

// everyoneWorks says how long it takes until every controller has begun something, from now on.
func (s *shop) everyoneWorks() time.Duration {
	began := time.Now()
	for {
		s.mu.Lock()
		late := slices.ContainsFunc(s.names(), func(name string) bool { return !s.worked[name].After(began) })
		s.mu.Unlock()
		if !late {
			return time.Since(began)
		}
		pass(50 * time.Millisecond)
	}
}

// Replicas share out soon after one has come. One that is killed is replaced
// within 20 s, and one that stops at once, but for the two seconds that its last work may take.
func TestShareOut(t *testing.T) {
	longest := map[string]time.Duration{}
	take := func(what string, took, limit time.Duration) {
		t.Helper()
		longest[what] = max(longest[what], took)
		if took > limit {
			t.Errorf("%s took %v, more than %v", what, took, limit)
		}
	}
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, seed)
			random := rand.New(rand.NewPCG(seed, 2))
			s.start("a")
			take("starting", s.settled(time.Minute), 4*time.Second)
			s.start("b")
			take("sharing with a second", s.settled(time.Minute), 12*time.Second)
			s.start("c")
			take("sharing with a third", s.settled(time.Minute), 12*time.Second)
			pass(time.Duration(random.IntN(5000)) * time.Millisecond)
			s.open["a"].kill()
			take("replacing one that was killed", s.everyoneWorks(), 20*time.Second)
			s.settled(time.Minute)
			s.start("d")
			take("sharing with one that comes again", s.settled(time.Minute), 12*time.Second)
			b := s.open["b"]
			b.quit()
			take("replacing one that stops", s.everyoneWorks(), 5*time.Second)
			<-b.ended
			s.settled(time.Minute)
			s.close()
		})
	}
	t.Log(longest)
}

// Whatever happens to replicas and their connections, no two ever work on the
// same; and when it has stopped happening, they share out.
func TestNeverTwo(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, seed)
				s.lossy = true
				random := rand.New(rand.NewPCG(seed, 2))
				var gone []*branch
				for i := range 60 {
					pass(time.Duration(random.IntN(6000)) * time.Millisecond)
					open := slices.Sorted(maps.Keys(s.open))
					if len(open) == 0 {
						s.start(fmt.Sprint("r", i))
						continue
					}
					b := s.open[open[random.IntN(len(open))]]
					switch random.IntN(6) {
					case 0, 1:
						if len(open) < 4 {
							s.start(fmt.Sprint("r", i))
						}
					case 2:
						b.kill()
						gone = append(gone, b)
					case 3:
						b.quit()
						gone = append(gone, b)
					case 4:
						b.cut.Store(true)
					case 5:
						for _, b := range s.open {
							b.cut.Store(false)
						}
					}
				}
				for _, b := range s.open {
					b.cut.Store(false)
				}
				if len(s.open) == 0 {
					s.start("last")
				}
				s.settled(90 * time.Second)
				s.close()
				for _, b := range gone {
					b.stop()
					<-b.ended
				}
			})
		})
	}
}

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
	"knative.dev/pkg/controller"
)

// shop is replicas that share four controllers out, in synthetic time, over an
// API server in memory.
type shop struct {
	*testing.T
	random *rand.Rand
	lossy  bool // requests fail at times

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
	shop    *shop
	name    string
	cut     atomic.Bool // its connection
	stop    context.CancelFunc
	ended   chan struct{}
	halt    context.Context // ends when it is killed
	haltNow context.CancelFunc
}

var errCut = errors.New("no connection")

// defaults are LEADER_ELECTION's.
func defaults() election { return election{15 * time.Second, 10 * time.Second, 2 * time.Second} }

func newShop(t *testing.T, seed uint64) *shop {
	return &shop{
		T: t, random: rand.New(rand.NewPCG(seed, 1)), leases: map[string]*coordinationv1.Lease{},
		working: map[string]string{}, worked: map[string]time.Time{}, by: map[string]string{}, open: map[string]*branch{},
	}
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
	r := newReplica(b, name, defaults())
	for _, name := range s.names() {
		impl := &controller.Impl{Name: name, Reconciler: reconcileFunc(b.reconcile)}
		worker, err := newElected(stop, impl, always)
		if err != nil {
			s.Fatal(err)
		}
		leave := r.add(name, worker)
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

// reconcile works on a controller's object for up to two seconds. Nobody else may.
func (b *branch) reconcile(ctx context.Context, name string) error {
	s := b.shop
	s.mu.Lock()
	if other := s.working[name]; other != "" {
		s.Errorf("%v: %s and %s work on %s", time.Now(), b.name, other, name)
	}
	s.working[name], s.worked[name], s.by[name] = b.name, time.Now(), b.name
	takes := time.Duration(s.random.IntN(2000)) * time.Millisecond
	s.mu.Unlock()
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
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

// call is what each request goes through: it takes its time, and may fail, also after it was done.
func (b *branch) call(ctx context.Context, do func(*shop) error) error {
	s := b.shop
	s.mu.Lock()
	there, back, lost := s.random.IntN(100), s.random.IntN(100), s.lossy && s.random.IntN(50) == 0
	s.mu.Unlock()
	pass(time.Duration(there) * time.Millisecond)
	if b.cut.Load() || ctx.Err() != nil {
		return errCut
	}
	s.mu.Lock()
	err := do(s)
	s.mu.Unlock()
	pass(time.Duration(back) * time.Millisecond)
	if b.cut.Load() || lost {
		return errCut
	}
	return err
}

func (b *branch) List(ctx context.Context, _ metav1.ListOptions) (*coordinationv1.LeaseList, error) {
	list := &coordinationv1.LeaseList{}
	err := b.call(ctx, func(s *shop) error {
		for _, l := range s.leases {
			list.Items = append(list.Items, *l.DeepCopy())
		}
		return nil
	})
	return list, err
}

func (b *branch) Get(ctx context.Context, name string, _ metav1.GetOptions) (*coordinationv1.Lease, error) {
	var found *coordinationv1.Lease
	err := b.call(ctx, func(s *shop) error {
		if found = s.leases[name].DeepCopy(); found == nil {
			return apierrors.NewNotFound(schema.GroupResource{}, name)
		}
		return nil
	})
	return found, err
}

func (b *branch) Create(ctx context.Context, l *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	return b.write(ctx, l)
}

func (b *branch) Update(ctx context.Context, l *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	return b.write(ctx, l)
}

func (b *branch) write(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	written := l.DeepCopy()
	err := b.call(ctx, func(s *shop) error {
		current := ""
		if there := s.leases[l.Name]; there != nil {
			current = there.ResourceVersion
		}
		if l.ResourceVersion != current {
			return apierrors.NewConflict(schema.GroupResource{}, l.Name, errors.New("it has changed"))
		}
		s.version++
		written.ResourceVersion = strconv.Itoa(s.version)
		s.leases[l.Name] = written.DeepCopy()
		return nil
	})
	return written, err
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
			s.start("a")
			take("starting", s.settled(time.Minute), 4*time.Second)
			s.start("b")
			take("sharing with a second", s.settled(time.Minute), 12*time.Second)
			s.start("c")
			take("sharing with a third", s.settled(time.Minute), 12*time.Second)
			pass(time.Duration(s.random.IntN(5000)) * time.Millisecond)
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

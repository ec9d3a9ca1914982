// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"
)

// reconcileFunc is a reconciler that is told when it is elected.
type reconcileFunc func(ctx context.Context, key string) error

func (f reconcileFunc) Reconcile(ctx context.Context, key string) error { return f(ctx, key) }

func (reconcileFunc) Promote(reconciler.Bucket, func(reconciler.Bucket, types.NamespacedName)) error {
	return nil
}
func (reconcileFunc) Demote(reconciler.Bucket) {}

func always(context.Context) bool { return true }

func TestElected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, stopNow := context.WithCancel(t.Context())
		var current *term
		calls := 0
		impl := &controller.Impl{Name: "test", Reconciler: reconcileFunc(func(ctx context.Context, key string) error {
			calls++
			switch key {
			case "panic":
				panic("oh dear")
			case "long":
				current.end()
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})}
		e, err := newElected(stop, impl, always)
		if err != nil {
			t.Fatal(err)
		}
		begin := func() {
			current = newTerm(t.Context())
			go e.serve(current)
			synctest.Wait()
		}
		check := func(what, key string, want func(error) bool, wantCalls int) {
			t.Helper()
			if err := impl.Reconciler.Reconcile(t.Context(), key); !want(err) || calls != wantCalls {
				t.Errorf("%s: got error %v and %d calls, want %d calls", what, err, calls, wantCalls)
			}
		}
		none := func(err error) bool { return err == nil }
		check("not elected yet", "x", controller.IsSkipKey, 0)
		begin()
		check("elected", "x", none, 1)
		check("a panic is an error", "panic", func(err error) bool { return err != nil && !controller.IsSkipKey(err) }, 2)
		check("the end of the term ends the work", "long", func(err error) bool { return errors.Is(err, context.Canceled) }, 3)
		check("not elected any more", "x", controller.IsSkipKey, 3)
		begin()
		check("elected again", "x", none, 4)
		current.drain()
		check("the lease is about to be given back", "x", controller.IsSkipKey, 4)
		begin()
		stopNow()
		check("stopping", "x", controller.IsSkipKey, 4)
		current.end()
	})
}

// A lease is given back when the work that was begun has ended well, for which it has a while.
func TestDrain(t *testing.T) {
	for _, tc := range []struct {
		name        string
		takes, want time.Duration
		ends        error
	}{
		{"well", time.Second, time.Second, nil},
		{"late", time.Minute, stopGrace, context.Canceled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				impl := &controller.Impl{Name: "test", Reconciler: reconcileFunc(func(ctx context.Context, _ string) error {
					timer := time.NewTimer(tc.takes)
					defer timer.Stop()
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-timer.C:
						return nil
					}
				})}
				e, err := newElected(t.Context(), impl, always)
				if err != nil {
					t.Fatal(err)
				}
				current := newTerm(t.Context())
				go e.serve(current)
				synctest.Wait()
				result := make(chan error, 1)
				go func() { result <- e.Reconcile(t.Context(), "x") }()
				synctest.Wait()
				began := time.Now()
				go func() {
					synctest.Wait()
					if err := e.Reconcile(t.Context(), "y"); !controller.IsSkipKey(err) {
						t.Errorf("work that began while the term was drained ended with %v, want it skipped", err)
					}
				}()
				current.drain()
				if took := time.Since(began); took != tc.want {
					t.Errorf("draining took %v, want %v", took, tc.want)
				}
				if err := <-result; !errors.Is(err, tc.ends) {
					t.Errorf("the work ended with %v, want %v", err, tc.ends)
				}
			})
		})
	}
}

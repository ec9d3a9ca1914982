// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"knative.dev/pkg/logging"
)

// clerk writes a lease as an elector would, and as one would that makes mistakes.
type clerk struct {
	*testing.T
	*lease

	other *resourcelock.LeaseLock // writes it, too
}

func (c clerk) as(holder string) resourcelock.LeaderElectionRecord {
	return resourcelock.LeaderElectionRecord{HolderIdentity: holder, LeaseDurationSeconds: 15, RenewTime: metav1.Now()}
}

// reads reads the lease.
func (c clerk) reads() {
	c.Helper()
	if _, _, err := c.Get(c.Context()); err != nil {
		c.Fatal(err)
	}
}

// writes writes a holder, which shall be possible, or not.
func (c clerk) writes(holder string, want error) {
	c.Helper()
	if err := c.Update(c.Context(), c.as(holder)); !errors.Is(err, want) {
		c.Fatalf("writing %q: got %v, want %v", holder, err, want)
	}
}

// loses has another write a holder.
func (c clerk) loses(holder string) {
	c.Helper()
	if _, _, err := c.other.Get(c.Context()); err != nil {
		c.Fatal(err)
	}
	if err := c.other.Update(c.Context(), c.as(holder)); err != nil {
		c.Fatal(err)
	}
}

// TestLease is what is added to client-go's elector.
func TestLease(t *testing.T) {
	for name, story := range map[string]func(clerk){
		"a term ends some time after the time of its last renewal": func(c clerk) {
			pass(time.Second)
			record := c.as("me")
			pass(time.Second)
			if err := c.Update(c.Context(), record); err != nil {
				c.Fatal(err)
			}
			<-c.term.Done()
			if took := time.Since(record.RenewTime.Time); took != defaults().renew {
				c.Errorf("it ended %v after it, want %v", took, defaults().renew)
			}
			c.writes("me", errNotOurs)
		},
		"a term ends when another has the lease": func(c clerk) {
			c.loses("other")
			c.reads()
			if c.term.Err() == nil {
				c.Error("it has not ended")
			}
		},
		"what is another's is not given back": func(c clerk) {
			c.loses("other")
			c.reads()
			c.writes("", errNotOurs)
		},
		"work ends before the lease is given back": func(c clerk) {
			done, ok := c.term.begin()
			if !ok {
				c.Fatal("no work may begin")
			}
			worked := false
			go func() {
				pass(time.Second)
				worked = true
				done()
			}()
			c.reads()
			c.writes("", nil)
			if !worked {
				c.Error("there is still work")
			}
		},
		"what is free is taken when all were seen": func(c clerk) {
			c.writes("", nil)
			c.stand(c.Context())
			c.reads()
			c.replica.waiting.seen = time.Time{}
			c.writes("me", errNotOurs)
			c.replica.waiting.seen = time.Now()
			c.writes("me", nil)
		},
		"what is free is not taken at the end": func(c clerk) {
			c.writes("", nil)
			c.stand(c.Context())
			c.reads()
			stopped, stop := context.WithCancel(c.Context())
			stop()
			c.replica.stop = stopped
			c.writes("me", errNotOurs)
		},
		"what fails is said at first, then once a minute": func(c clerk) {
			core, said := observer.New(zap.WarnLevel)
			c.replica.log = zap.New(core).Sugar()
			connection := c.other.Client.(*branch)
			connection.cut.Store(true)
			for began := time.Now(); time.Since(began) < 150*time.Second; {
				if _, _, err := c.Get(c.Context()); err == nil {
					c.Fatal("a lease was read without a connection")
				}
			}
			connection.cut.Store(false)
			c.reads()
			connection.cut.Store(true)
			_, _, _ = c.Get(c.Context())
			var got []string
			for _, entry := range said.All() {
				got = append(got, entry.Level.String())
			}
			if diff := cmp.Diff([]string{"warn", "error", "error", "warn"}, got); diff != "" {
				c.Errorf("levels of what was said (-want +got):\n%s", diff)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &branch{shop: newShop(t, 1)}
				r, err := newReplica(b, "ci", "me", defaults())
				if err != nil {
					t.Fatal(err)
				}
				r.stop, r.log = t.Context(), logging.FromContext(t.Context())
				l, err := r.newLease("plank", func(*term) {})
				if err != nil {
					t.Fatal(err)
				}
				r.seats, r.waiting.seen = []*lease{l}, time.Now()
				l.stand(t.Context())
				c := clerk{T: t, lease: l, other: &resourcelock.LeaseLock{LeaseMeta: l.Interface.(*resourcelock.LeaseLock).LeaseMeta, Client: b}}
				l.seen = time.Now()
				if err := c.Create(t.Context(), c.as("me")); err != nil {
					t.Fatal(err)
				}
				story(c)
			})
		})
	}
}

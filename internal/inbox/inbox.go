// SPDX-License-Identifier: Apache-2.0

// Package inbox keeps every accepted webhook in the bucket, and what became of it.
//
//	inbox/deliveries/<guid>/request     the webhook as it came, written once
//	inbox/deliveries/<guid>/<consumer>  the ledger: what that consumer did with it
//	inbox/pending/<guid>                not finished yet, and when it was last sent
//	inbox/dead/<guid>                   given up, and why
//	inbox/missing/<guid>/failed-<id>    GitHub's attempt <id> did not arrive
//	inbox/missing/<guid>/asked-<n>      GitHub was asked to deliver it, for the n-th time
//	inbox/dead-letters/<name>           an event of others that the broker gave up
//	inbox/replays/<name>                the same, to be sent again
//	inbox/webhooks/<owner>              up to where GitHub's record was looked at
//
// functions/hook puts deliveries, sweeps the pending ones and has GitHub deliver
// again what did not arrive; each consumer
// (functions/plugins, ...) writes its ledger entry and finishes the delivery. The
// bucket, not the event broker, is the source of truth: what is in it will be done.
// In Prow: nothing; hook keeps events in memory.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

var (
	// ErrDuplicate is what Put's error is when the delivery has been accepted before.
	ErrDuplicate = errors.New("delivery was accepted before")
	// ErrGUID is what errors are when a GUID can be no part of a key.
	ErrGUID = errors.New("invalid delivery GUID")
	// ErrNotFound is what errors are when there is no such delivery or entry.
	ErrNotFound = blob.ErrNotFound
)

// Inbox is the inbox of a bucket. It is safe for concurrent use, also by several
// processes.
type Inbox struct {
	bucket *blob.Bucket
	seed   maphash.Seed
	locks  [64]sync.Mutex // of ledger entries, by hash of the GUID
}

// New returns the inbox of the bucket.
func New(b *blob.Bucket) *Inbox { return &Inbox{bucket: b, seed: maphash.MakeSeed()} }

// lock keeps others in this process from changing the delivery's entries.
func (i *Inbox) lock(guid string) *sync.Mutex {
	return &i.locks[maphash.String(i.seed, guid)%uint64(len(i.locks))]
}

// Put stores the delivery, durably when it returns nil, and marks it as pending. It
// returns ErrDuplicate when the delivery has been accepted before; of several at the
// same time exactly one gets nil. One that was given up is taken up again.
func (i *Inbox) Put(ctx context.Context, d Delivery) error {
	if err := checkGUID(d.GUID); err != nil {
		return err
	}
	request, err := encode(d)
	if err != nil {
		return err
	}
	err = i.bucket.Create(ctx, RequestKey(d.GUID), request)
	if errors.Is(err, blob.ErrExists) {
		return i.adopt(ctx, d.GUID)
	}
	if err != nil {
		return err
	}
	// It may have been given up because it did not arrive before.
	dead, err := i.bucket.Exists(ctx, deadKey(d.GUID))
	if err != nil {
		return err
	}
	if dead {
		return i.revive(ctx, d.GUID)
	}
	return i.markPending(ctx, d.GUID)
}

// adopt makes a delivery pending whose request is stored. Usually it is a duplicate.
// But where there is no trace of its having been pending, whoever stored the request
// died before the delivery was accepted, and nobody else will see to it.
func (i *Inbox) adopt(ctx context.Context, guid string) error {
	// In this order: a pending mark is taken away only after an entry was written.
	pending, err := i.bucket.Exists(ctx, pendingKey(guid))
	if err != nil {
		return err
	}
	if pending {
		return ErrDuplicate
	}
	dead, err := i.bucket.Exists(ctx, deadKey(guid))
	if err != nil {
		return err
	}
	if dead {
		return i.revive(ctx, guid)
	}
	begun, err := i.begun(ctx, guid)
	if err != nil {
		return err
	}
	if begun {
		return ErrDuplicate
	}
	return i.markPending(ctx, guid)
}

// begun reports whether somebody has written down what became of the delivery.
func (i *Inbox) begun(ctx context.Context, guid string) (bool, error) {
	for o, err := range i.bucket.List(ctx, deliveryPrefix(guid), "") {
		if err != nil || o.Key != RequestKey(guid) {
			return err == nil, err
		}
	}
	return false, nil
}

// revive makes a delivery pending that was given up: GitHub sends nothing again
// unless somebody asks for it, who wants it done. The mark comes first, or a crash
// in between would leave a delivery that is neither.
func (i *Inbox) revive(ctx context.Context, guid string) error {
	if err := i.markPending(ctx, guid); err != nil {
		return err
	}
	return i.remove(ctx, deadKey(guid))
}

// markPending returns ErrDuplicate when somebody else has marked the delivery.
func (i *Inbox) markPending(ctx context.Context, guid string) error {
	err := i.bucket.Create(ctx, pendingKey(guid), nil)
	if errors.Is(err, blob.ErrExists) {
		return ErrDuplicate
	}
	return err
}

// Get returns the delivery, or ErrNotFound.
func (i *Inbox) Get(ctx context.Context, guid string) (Delivery, error) {
	if err := checkGUID(guid); err != nil {
		return Delivery{}, err
	}
	request, err := i.bucket.Read(ctx, RequestKey(guid))
	if err != nil {
		return Delivery{}, err
	}
	d, err := decode(request)
	if err != nil {
		return Delivery{}, fmt.Errorf("reading %s: %w", RequestKey(guid), err)
	}
	d.GUID = guid
	return d, nil
}

// Finish says that nothing is left to do for the delivery. It may be called again.
func (i *Inbox) Finish(ctx context.Context, guid string) error {
	if err := checkGUID(guid); err != nil {
		return err
	}
	return i.remove(ctx, pendingKey(guid))
}

// remove deletes an object that others may have deleted.
func (i *Inbox) remove(ctx context.Context, key string) error {
	err := i.bucket.Delete(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// Dead is a delivery that was given up.
type Dead struct {
	GUID   string    `json:"-"`
	Reason string    `json:"reason"`
	At     time.Time `json:"-"` // the object's own
}

// Bury gives the delivery up: it is no longer pending, and listed as dead, until it
// is put again.
func (i *Inbox) Bury(ctx context.Context, guid, reason string) error {
	if err := i.writeDead(ctx, guid, reason); err != nil {
		return err
	}
	return i.Finish(ctx, guid)
}

func (i *Inbox) writeDead(ctx context.Context, guid, reason string) error {
	if err := checkGUID(guid); err != nil {
		return err
	}
	data, err := json.Marshal(Dead{Reason: reason})
	if err != nil {
		return err
	}
	return i.bucket.Write(ctx, deadKey(guid), data, jsonObject())
}

// jsonObject is how objects are written whose key has no ending to say so.
func jsonObject() *blob.WriteOptions { return &blob.WriteOptions{ContentType: "application/json"} }

// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
)

const (
	lettersPrefix = "inbox/dead-letters/"
	replaysPrefix = "inbox/replays/"
)

const (
	// MaxLetter is the largest dead letter that is kept, in bytes.
	MaxLetter = 1 << 20
	// maxLetters is how many are kept: they may come from anybody in the cluster.
	maxLetters = 1000
)

// ErrLetter is what PutLetter's error is when the letter is not kept, since it is too
// large or there are too many.
var ErrLetter = errors.New("dead letter is not kept")

// Letter is an event that the broker gave up and that is no delivery: somebody's own.
type Letter struct {
	Name string // in the inbox
	Size int64
	At   time.Time // when the broker gave it up
}

// PutLetter keeps an event, as structured JSON, by what tells it from others.
func (i *Inbox) PutLetter(ctx context.Context, source, id string, event []byte) error {
	if len(event) > MaxLetter {
		return fmt.Errorf("%w: it has %d bytes", ErrLetter, len(event))
	}
	n := 0
	for _, err := range i.Letters(ctx) {
		if err != nil {
			return err
		}
		if n++; n == maxLetters {
			return fmt.Errorf("%w: there are %d", ErrLetter, n)
		}
	}
	sum := sha256.Sum256([]byte(source + "\x00" + id))
	return i.bucket.Write(ctx, lettersPrefix+hex.EncodeToString(sum[:16]), event, jsonObject())
}

// Letters yields the dead letters.
func (i *Inbox) Letters(ctx context.Context) iter.Seq2[Letter, error] {
	return i.letters(ctx, lettersPrefix)
}

// Replays yields the dead letters that are to be sent again.
func (i *Inbox) Replays(ctx context.Context) iter.Seq2[Letter, error] {
	return i.letters(ctx, replaysPrefix)
}

func (i *Inbox) letters(ctx context.Context, prefix string) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		for o, err := range i.bucket.List(ctx, prefix, "") {
			if err != nil {
				yield(Letter{}, err)
				return
			}
			name := strings.TrimPrefix(o.Key, prefix)
			if !isName(name) {
				continue // as in Pending
			}
			if !yield(Letter{Name: name, Size: o.Size, At: o.ModTime}, nil) {
				return
			}
		}
	}
}

// Letter returns the event of a dead letter, or ErrNotFound.
func (i *Inbox) Letter(ctx context.Context, name string) ([]byte, error) {
	return i.readLetter(ctx, lettersPrefix, name)
}

// Replay returns the event of one that is to be sent again, or ErrNotFound.
func (i *Inbox) Replay(ctx context.Context, name string) ([]byte, error) {
	return i.readLetter(ctx, replaysPrefix, name)
}

func (i *Inbox) readLetter(ctx context.Context, prefix, name string) ([]byte, error) {
	if err := checkGUID(name); err != nil {
		return nil, err
	}
	return i.bucket.Read(ctx, prefix+name)
}

// ReplayLetter has the next sweep send a dead letter again.
func (i *Inbox) ReplayLetter(ctx context.Context, name string) error {
	event, err := i.Letter(ctx, name)
	if err != nil {
		return err
	}
	if err := i.bucket.Write(ctx, replaysPrefix+name, event, jsonObject()); err != nil {
		return err
	}
	return i.remove(ctx, lettersPrefix+name)
}

// Replayed says that a dead letter was sent again.
func (i *Inbox) Replayed(ctx context.Context, name string) error {
	if err := checkGUID(name); err != nil {
		return err
	}
	return i.remove(ctx, replaysPrefix+name)
}

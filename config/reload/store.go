// SPDX-License-Identifier: Apache-2.0

// Package reload keeps a configuration up to date with its files, ConfigMap
// mounts included. A broken change is logged and counted, and the last good
// state stays in force, also in a process that starts later, where there are
// copies (package lastgood).
//
// Metrics, where the context says (package function): cutwater_config_reload_errors_total
// and cutwater_config_last_reload_success, by config.
package reload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/internal/function"
)

// settle is how long the files must rest before they are read: editors and
// kubelet write several at once.
const settle = 100 * time.Millisecond

// recheck is how often files are read again although nothing said they changed: watches can be lost.
const recheck = 10 * time.Minute

// Source is what a Store keeps.
type Source[T any] struct {
	// Name is the label of the metrics.
	Name string
	// Paths are files and folders to watch; empty ones are left out.
	Paths []string
	// Load makes a new state of what the files say now: those of Paths or, in the
	// same order, copies of them. Its calls do not overlap, so that it may know what
	// it read the last time.
	Load func(ctx context.Context, paths []string) (*T, error)
	// Warnings, when set, is what is odd in a state. It is logged when it changes.
	Warnings func(*T) []document.Problem
	Options
}

// Options are what the users of a configuration may want.
type Options struct {
	// OnReload, when set, hears of every load but the first: nil, or what is wrong.
	OnReload func(error)
	// Copies, when set, is where copies of good files are kept, and where New finds
	// the last one when the files are wrong.
	Copies Copies
	// KeepAfter is how long after a load a copy is kept, five seconds when zero: a
	// function that starts has the event that woke it to do first.
	KeepAfter time.Duration
}

// Store holds the last good state.
type Store[T any] struct {
	source  Source[T]
	current atomic.Pointer[T]
	watcher *fsnotify.Watcher
	metrics *metrics
	// What follows is used by one goroutine at a time.

	// warned is what was logged last.
	warned []document.Problem
	// good is the sum of the files if the last load found them good, and kept that of the last copy.
	good, kept string
	// wrong is whether the last load found them wrong.
	wrong bool
}

// New loads once, or returns what is wrong if there is no good copy, and then
// follows the files until ctx ends.
func New[T any](ctx context.Context, source Source[T]) (*Store[T], error) {
	m, err := newMetrics(function.Registerer(ctx))
	if err != nil {
		return nil, err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching files: %w", err)
	}
	s := &Store[T]{source: source, watcher: watcher, metrics: m}
	// The watch comes first, so that no change between reading and watching is missed.
	s.watch()
	first, err := s.load(ctx)
	if err == nil {
		m.succeeded(source.Name)
	} else if first, err = s.restore(ctx, err); err != nil {
		return nil, errors.Join(err, watcher.Close())
	}
	s.current.Store(first)
	s.warn(ctx, first)
	go s.follow(ctx)
	return s, nil
}

// Load is the current state.
func (s *Store[T]) Load() *T { return s.current.Load() }

// watch watches all folders that matter. What cannot be watched is found by the recheck.
func (s *Store[T]) watch() {
	for _, root := range s.source.Paths {
		if root == "" {
			continue
		}
		// The folder of a file: files are replaced by renaming, which a watch on the file would miss.
		_ = s.watcher.Add(filepath.Dir(root))
		start := root
		if info, err := os.Stat(root); err == nil && info.IsDir() {
			start += string(filepath.Separator) // A link to a folder is the folder.
		}
		_ = filepath.WalkDir(start, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				if name != start && strings.HasPrefix(entry.Name(), "..") {
					return filepath.SkipDir
				}
				_ = s.watcher.Add(name)
			}
			return nil
		})
	}
}

// concerns reports whether a change of this file may change the state.
func (s *Store[T]) concerns(name string) bool {
	for _, root := range s.source.Paths {
		if root == "" {
			continue
		}
		if below(root, name) {
			return true
		}
		// A ConfigMap mount changes by a new link ..data; VERSION is read with config.yaml.
		base := filepath.Base(name)
		if filepath.Dir(name) == filepath.Dir(root) && (base == "..data" || base == "VERSION") {
			return true
		}
	}
	return false
}

// below reports whether the name is root or in it. Either may begin with "./".
func below(root, name string) bool {
	relative, err := filepath.Rel(root, name)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func (s *Store[T]) follow(ctx context.Context) {
	defer s.watcher.Close()
	keepAfter := cmp.Or(s.source.KeepAfter, 5*time.Second)
	timer, keeping := time.NewTimer(recheck), time.NewTimer(keepAfter)
	defer timer.Stop()
	defer keeping.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-s.watcher.Events:
			if !ok {
				return
			}
			if event.Op != fsnotify.Chmod && s.concerns(event.Name) {
				timer.Reset(settle)
			}
		case err, ok := <-s.watcher.Errors:
			if !ok {
				return
			}
			logging.FromContext(ctx).Warnw("watching the configuration", zap.String("config", s.source.Name), zap.Error(err))
			timer.Reset(settle)
		case <-timer.C:
			s.reload(ctx)
			timer.Reset(recheck)
			keeping.Reset(keepAfter)
		case <-keeping.C:
			s.keep(ctx)
		}
	}
}

func (s *Store[T]) reload(ctx context.Context) {
	s.watch()
	wasWrong := s.wrong
	next, err := s.load(ctx)
	if ctx.Err() != nil {
		return // The load was cut off, which says nothing about the files.
	}
	if err != nil {
		s.metrics.failed(s.source.Name)
		logging.FromContext(ctx).Errorw("the changed configuration is wrong; the last good one stays in force",
			zap.String("config", s.source.Name), zap.Error(err))
	} else {
		if wasWrong {
			logging.FromContext(ctx).Infow("the configuration is right again, and in force", zap.String("config", s.source.Name))
		}
		s.current.Store(next)
		s.warn(ctx, next)
		s.metrics.succeeded(s.source.Name)
	}
	if s.source.OnReload != nil {
		s.source.OnReload(err)
	}
}

// maxWarned is how many warnings are logged in full.
const maxWarned = 100

// warn logs what is odd in a state, unless that was said before.
func (s *Store[T]) warn(ctx context.Context, state *T) {
	if s.source.Warnings == nil {
		return
	}
	warnings := s.source.Warnings(state)
	if len(warnings) > 0 && !slices.Equal(warnings, s.warned) {
		texts := make([]string, min(len(warnings), maxWarned))
		for i := range texts {
			texts[i] = warnings[i].Error()
		}
		logging.FromContext(ctx).Warnw("the configuration is in force, and odd in places",
			zap.String("config", s.source.Name), zap.Int("count", len(warnings)), zap.Strings("warnings", texts))
	}
	s.warned = warnings
}

// load loads what the files say now.
func (s *Store[T]) load(ctx context.Context) (*T, error) {
	sum := s.sum(ctx)
	next, err := s.read(ctx, s.source.Paths)
	if err != nil {
		sum = ""
	}
	s.good, s.wrong = sum, err != nil
	return next, err
}

// read turns a panic into an error: a strange file must not end the process.
func (s *Store[T]) read(ctx context.Context, paths []string) (next *T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return s.source.Load(ctx, paths)
}

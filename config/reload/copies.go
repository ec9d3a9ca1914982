// SPDX-License-Identifier: Apache-2.0

package reload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
	"knative.dev/pkg/logging"
)

// Copies keeps copies of good files outside of the process: a function that
// starts for each event would stop working with the first wrong change, while a
// process that is always up goes on. Package lastgood is one.
type Copies interface {
	// Sum identifies what the paths, files and folders of which some may be empty,
	// hold. It is empty where no copy shall be kept.
	Sum(paths []string) (string, error)
	// Keep makes a copy of them the last good one, if they still have that sum.
	Keep(ctx context.Context, sum string, paths []string) error
	// Restore writes the last good copy into the folder dir, and returns where the paths are in it.
	Restore(ctx context.Context, paths []string, dir string) ([]string, error)
}

// copyTimeout bounds how long one copy is kept or restored: GitHub waits ten seconds
// for a function that starts, and the broker a while longer.
const copyTimeout = 30 * time.Second

// sum is that of the files, empty where no copies are kept. It is taken before
// they are loaded, since a change meanwhile may be a wrong one.
func (s *Store[T]) sum(ctx context.Context) string {
	if s.source.Copies == nil {
		return ""
	}
	sum, err := s.source.Copies.Sum(s.source.Paths)
	if err != nil { // Whatever it is, loading says it better.
		logging.FromContext(ctx).Debugw("reading the configuration for its copy", zap.String("config", s.source.Name), zap.Error(err))
	}
	return sum
}

// keep keeps a copy of what is in force. Without one everything works as long as the files are good.
func (s *Store[T]) keep(ctx context.Context) {
	if s.good == "" || s.good == s.kept {
		return
	}
	limited, cancel := context.WithTimeout(ctx, copyTimeout)
	defer cancel()
	err := s.source.Copies.Keep(limited, s.good, s.source.Paths)
	switch {
	case err == nil:
		s.kept = s.good
	case ctx.Err() == nil:
		logging.FromContext(ctx).Warnw("keeping a copy of the configuration; it is tried again when the files are next looked at",
			zap.String("config", s.source.Name), zap.Error(err))
	}
}

// restore is the state of the last good copy, or wrong, which is what is wrong
// with the files, and why no copy helps.
func (s *Store[T]) restore(ctx context.Context, wrong error) (*T, error) {
	if s.source.Copies == nil {
		return nil, wrong
	}
	next, err := s.loadCopy(ctx)
	if err != nil {
		return nil, errors.Join(wrong, fmt.Errorf("the last good configuration cannot stand in: %w", err))
	}
	s.metrics.failed(s.source.Name)
	logging.FromContext(ctx).Errorw("the configuration is wrong; the copy of the last good one is in force",
		zap.String("config", s.source.Name), zap.Error(wrong))
	return next, nil
}

func (s *Store[T]) loadCopy(ctx context.Context) (_ *T, err error) {
	limited, cancel := context.WithTimeout(ctx, copyTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "last-good-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	paths, err := s.source.Copies.Restore(limited, s.source.Paths, dir)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, paths)
}

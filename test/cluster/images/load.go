// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// store is where a node keeps its images.
type store interface {
	// Images returns the references of what is there.
	Images(ctx context.Context) ([]string, error)
	// Import adds the images of an archive.
	Import(ctx context.Context, archive io.Reader) error
}

// Load imports the images that are not in the store yet, and returns the
// reference of each by its name.
func Load(ctx context.Context, to store, images ...Image) (map[string]string, error) {
	there, err := to.Images(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	has := map[string]bool{}
	for _, reference := range there {
		has[reference] = true
	}
	references := map[string]string{}
	var mu sync.Mutex // guards references
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU()) // each is in memory while it is read
	for _, image := range images {
		group.Go(func() error {
			archive, err := image.Build()
			if err != nil {
				return err
			}
			mu.Lock()
			references[image.Name] = archive.Reference
			mu.Unlock()
			if has[archive.Reference] {
				return nil
			}
			if err := load(ctx, to, archive); err != nil {
				return fmt.Errorf("importing %s: %w", archive.Reference, err)
			}
			return nil
		})
	}
	return references, group.Wait()
}

func load(ctx context.Context, to store, archive Archive) error {
	read, write := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := archive.Write(write)
		write.CloseWithError(err)
		return err
	})
	group.Go(func() error {
		err := to.Import(ctx, read)
		read.CloseWithError(err) // nobody reads on
		return err
	})
	return group.Wait()
}

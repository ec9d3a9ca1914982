// SPDX-License-Identifier: Apache-2.0

// Package livelog keeps a log in the bucket while something is still writing it,
// so that a lost node costs the last seconds of a run's log, and not all of it.
//
// A log lies there in chunks, objects "<log>.live/<offset>" beside where the whole
// log will be: the offset of the chunk's first byte in the log, in 15 digits. Each
// is plain text; all of them, one after the other, are the log. Only the last one
// is written again, as the log grows.
//
// Sidecar writes them, from the start of a run until it has stored the whole log,
// and then removes them. Deck shows them meanwhile. What a sidecar left that was
// lost, [Compose] puts together. Changes: these objects and the log itself. Config:
// none. In Prow: nothing.
package livelog

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Every is how often the end of a log goes to the bucket.
const Every = 5 * time.Second

// suffix makes the name of a log that of the folder with its chunks.
const suffix = ".live"

// digits are enough for offsets below a petabyte, so that keys are in their order.
const digits = 15

// Sizes of chunks in bytes.
const (
	smallest = 128 << 10
	largest  = 2 << 20
)

// chunkSize is how long the chunk at an offset becomes. The last chunk is sent
// again and again, so those of a short log are small; a long log shall not have
// very many.
func chunkSize(offset int64) int { return int(min(max(offset/8, smallest), largest)) }

// folder is the key of the folder with a log's chunks, and a slash.
func folder(dir, name string) string { return path.Join(dir, name+suffix) + "/" }

func chunkKey(folder string, offset int64) string {
	return fmt.Sprintf("%s%0*d", folder, digits, offset)
}

// LogOf returns which log an object in a run's folder is a chunk of, by its name
// there; none says that it is no chunk.
func LogOf(object string) (log string, ok bool) {
	dir, offset := path.Split(object)
	log, ok = strings.CutSuffix(dir, suffix+"/")
	_, err := parseOffset(offset)
	return log, ok && err == nil && !strings.Contains(log, "/")
}

func parseOffset(name string) (int64, error) {
	if len(name) != digits {
		return 0, errors.New("not the name of a chunk")
	}
	offset, err := strconv.ParseUint(name, 10, 63)
	return int64(offset), err
}

// removers is how many chunks are removed at once.
const removers = 8

// Remove removes the chunks of a log. There need not be any.
func Remove(ctx context.Context, bucket *blob.Bucket, dir, name string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(removers)
	for object, err := range bucket.List(ctx, folder(dir, name), "") {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			if err := bucket.Delete(ctx, object.Key); !errors.Is(err, blob.ErrNotFound) {
				return err
			}
			return nil
		})
	}
	return group.Wait()
}

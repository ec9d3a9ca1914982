// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// network is a target whose writers take some time for each byte; a negative one is for ever.
type network struct{ perByte time.Duration }

type connection struct {
	network
	ctx context.Context
}

func (n network) NewWriter(ctx context.Context, _ string, _ *blob.WriteOptions) (io.WriteCloser, error) {
	return connection{n, ctx}, nil
}

func (network) Close() error { return nil }

func (c connection) Write(p []byte) (int, error) {
	var sent <-chan time.Time
	if c.perByte >= 0 {
		sent = time.After(time.Duration(len(p)) * c.perByte)
	}
	select {
	case <-sent:
		return len(p), nil
	case <-c.ctx.Done():
		return 0, c.ctx.Err()
	}
}

func (c connection) Close() error { return c.ctx.Err() }

// A server that takes nothing is given up; one that is slow is not.
func TestStuck(t *testing.T) {
	for name, test := range map[string]struct {
		perByte time.Duration
		want    error
		took    time.Duration
	}{
		"slow":  {perByte: 4 * time.Millisecond, took: 5 * small * 4 * time.Millisecond}, // more than stuckAfter
		"stuck": {perByte: -1, want: errStuck, took: stuckAfter},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &options.Upload{GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "b"}}
				u, err := New(o, nil, nil, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				content := func() (io.ReadCloser, error) {
					return io.NopCloser(strings.NewReader(strings.Repeat("x", 5*small))), nil
				}
				r := u.newRun(network{test.perByte}, "")
				err = r.store(t.Context(), Object{Key: "x", Open: content}, bufio.NewReaderSize(nil, small))
				if !errors.Is(err, test.want) {
					t.Errorf("error is %v, want %v", err, test.want)
				}
				if took := time.Since(begin); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
			})
		})
	}
}

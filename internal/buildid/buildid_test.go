// SPDX-License-Identifier: Apache-2.0

package buildid_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cutwater-ci/cutwater/internal/buildid"
)

func TestSnowflakesIncrease(t *testing.T) {
	ids, err := buildid.NewSnowflake()
	if err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for range 10_000 {
		id, err := ids.Next(t.Context(), "job")
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatalf("build ID %q is no number: %v", id, err)
		}
		if n <= last {
			t.Fatalf("build ID %d comes after %d", n, last)
		}
		if node := n >> 12 & 1023; node != 1 {
			t.Fatalf("build ID %d is of node %d, want 1", n, node)
		}
		last = n
	}
}

func TestTot(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answer  func(attempt int32, w http.ResponseWriter)
		want    string
		wantErr string
		tries   int32
		took    time.Duration
	}{
		{"number", func(_ int32, w http.ResponseWriter) { fmt.Fprintln(w, "42") }, "42", "", 1, 0},
		{"third time lucky", func(n int32, w http.ResponseWriter) {
			if n < 3 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			fmt.Fprint(w, "7")
		}, "7", "", 3, 300 * time.Millisecond},
		{"never", func(_ int32, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, "", "500 Internal Server Error", 10, 51100 * time.Millisecond},
		{"no number", func(_ int32, w http.ResponseWriter) { fmt.Fprint(w, "../../etc") }, "", "which is no number", 10, 51100 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var tries atomic.Int32
				client := &http.Client{Transport: answering(func(w http.ResponseWriter, r *http.Request) {
					if want := "/vend/a%2Fjob"; r.URL.EscapedPath() != want {
						t.Errorf("asked for %s, want %s", r.URL.EscapedPath(), want)
					}
					tc.answer(tries.Add(1), w)
				})}
				start := time.Now()
				got, err := buildid.NewTot("http://tot.example/", client).Next(t.Context(), "a/job")
				if got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
				if (err == nil) != (tc.wantErr == "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got error %v, want %q", err, tc.wantErr)
				}
				if tries.Load() != tc.tries || time.Since(start) != tc.took {
					t.Errorf("tried %d times in %v, want %d in %v", tries.Load(), time.Since(start), tc.tries, tc.took)
				}
			})
		})
	}
}

// answering is a server without a network, which synctest cannot see through.
type answering http.HandlerFunc

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a(w, r)
	return w.Result(), nil
}

// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkHook measures an answer to a webhook of usual size, stored on disk and
// sent to a sink that takes it at once.
func BenchmarkHook(b *testing.B) {
	body := `{"action":"created","issue":{"number":1},"comment":{"body":"` + strings.Repeat("text ", 2000) + `"}}`
	for _, clients := range []int{1, 8} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			f := start(b)
			f.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 64
			var n atomic.Int64
			b.SetParallelism(clients)
			b.SetBytes(int64(len(body)))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					response, err := f.Client().Do(f.request(b, "issue_comment", fmt.Sprint("guid-", n.Add(1)), body))
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, response.Body) // only the status counts
					_ = response.Body.Close()
					if response.StatusCode != http.StatusOK {
						b.Errorf("got %s", response.Status)
					}
				}
			})
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/internal/function"
)

// childVariable makes the test's program be hook itself.
const childVariable = "CUTWATER_TEST_IS_HOOK"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		function.Main("hook", hook.New)
		return
	}
	os.Exit(m.Run())
}

// startProcess runs hook as a process of its own, on the fixture's bucket and sink.
func (f *fixture) startProcess(t *testing.T) (url string, kill func()) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), childVariable+"=1", "HOST=127.0.0.1", "PORT=0", "WEBHOOK_PATH=/hook",
		"BUCKET=file://"+f.dir, "HMAC_SECRET_FILE="+f.secret, "K_SINK="+f.sinkURL)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	logs := bufio.NewScanner(stderr)
	for logs.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(logs.Bytes(), &line) == nil && line.Msg == "ready" {
			url = "http://" + line.Address
			break
		}
	}
	if url == "" {
		t.Fatal("hook does not start")
	}
	drained := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stderr) // until the process ends
		close(drained)
	}()
	return url, sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // it runs until now
		<-drained
		_ = cmd.Wait() // it was killed
	})
}

// TestKilled kills hook while it answers, again and again: what was answered with 200
// is in the inbox, whole and pending; what was not is accepted when it comes again,
// once.
func TestKilled(t *testing.T) {
	f := start(t)
	const rounds, clients = 4, 4
	var sent atomic.Int64
	answered := map[string]bool{}
	body := func(id string) string { return fmt.Sprintf(`{"id":%q}`, id) }
	for range rounds {
		url, kill := f.startProcess(t)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for {
					id := fmt.Sprint("guid-", sent.Add(1))
					r := f.request(t, "push", id, body(id))
					r.URL.Host = url[len("http://"):]
					response, err := http.DefaultClient.Do(r)
					if err == nil {
						_ = response.Body.Close() // only the status counts
					}
					mu.Lock()
					answered[id] = err == nil && response.StatusCode == http.StatusOK
					enough := len(answered)%25 == 0
					mu.Unlock()
					if enough {
						kill()
					}
					if err != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		kill()
	}
	pending := map[string]bool{}
	for p, err := range f.inbox.Pending(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		pending[p.GUID] = true
	}
	for id, ok := range answered {
		if !ok {
			if status, text := f.do(t, f.request(t, "push", id, body(id))); status != http.StatusOK {
				t.Errorf("%s, again: got %d %q, want 200", id, status, text)
			}
		} else if !pending[id] {
			t.Errorf("%s was accepted, but is not pending", id)
		}
		d, err := f.inbox.Get(t.Context(), id)
		if err != nil || string(d.Body) != body(id) {
			t.Errorf("%s: got %q, %v; want its body", id, d.Body, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(f.dir, "inbox", "pending", "*"))
	if err != nil || len(left) != len(answered) {
		t.Errorf("pending: got %d, %v; want all %d", len(left), err, len(answered))
	}
}

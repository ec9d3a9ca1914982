// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/up"
)

// unit is a repository with one job.
const unit = `
presubmits:
- name: unit
  always_run: true
  decorate: true
  spec: {containers: [{image: host, command: ["true"]}]}
`

// badWebhooks sends hook what GitHub would not. Nothing of what it refuses is
// kept, and it goes on working.
func badWebhooks(t *testing.T, s *story) {
	s.begin(t, unit)
	s.passes(t, 1)
	secret, err := os.ReadFile(s.state("secrets", "hmac-token", "hmac"))
	if err != nil {
		t.Fatal(err)
	}
	body := `{"action":"created","zen":"` + strings.Repeat("x", 2000) + `"}`
	signed := githubtest.Sign(string(secret), []byte(body))
	const noJSON = "action=created&zen=x"
	kept := s.deliveriesKept(t)
	for _, tc := range []struct {
		name   string
		method string
		header map[string]string // over those of a good one; "" leaves one out
		body   string
		want   int
		kept   bool
	}{
		{name: "not a POST", method: http.MethodGet, want: 405},
		{name: "no event", header: map[string]string{"X-GitHub-Event": ""}, want: 400},
		{name: "no delivery", header: map[string]string{"X-GitHub-Delivery": ""}, want: 400},
		{name: "a delivery that is a path", header: map[string]string{"X-GitHub-Delivery": "../../dead/x"}, want: 400},
		{name: "unsigned", header: map[string]string{"X-Hub-Signature-256": ""}, want: 403},
		{name: "unsigned, with SHA-1", header: map[string]string{"X-Hub-Signature-256": "", "X-Hub-Signature": "sha1=" + signed[7:47]}, want: 403},
		{name: "signed with another secret", header: map[string]string{"X-Hub-Signature-256": githubtest.Sign("another", []byte(body))}, want: 403},
		{name: "signature without hash", header: map[string]string{"X-Hub-Signature-256": signed[7:]}, want: 403},
		{name: "signature not hexadecimal", header: map[string]string{"X-Hub-Signature-256": "sha256=" + strings.Repeat("z", 64)}, want: 403},
		{name: "a form", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, want: 400},
		{name: "a form, unsigned", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Hub-Signature-256": ""}, want: 403},
		{name: "cut short, signed as a whole", body: body[:len(body)/2], want: 403},
		{name: "not JSON, signed for something else", body: noJSON, want: 403},
		{name: "not JSON", header: map[string]string{"X-Hub-Signature-256": githubtest.Sign(string(secret), []byte(noJSON))}, body: noJSON, want: 200, kept: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := map[string]string{
				"X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": uuid.NewString(),
				"X-Hub-Signature-256": signed, "Content-Type": "application/json",
			}
			maps.Copy(header, tc.header)
			sent := tc.body
			if sent == "" {
				sent = body
			}
			method := tc.method
			if method == "" {
				method = http.MethodPost
			}
			if got := s.send(t, method, header, sent); got != tc.want {
				t.Errorf("got status %d, want %d", got, tc.want)
			}
			if tc.kept {
				kept = append(kept, header["X-GitHub-Delivery"])
			}
		})
	}
	if got := s.sendHalf(t, signed, body); got != 500 {
		t.Errorf("a connection that ends within the body: got status %d, want 500", got)
	}

	slices.Sort(kept)
	if diff := cmp.Diff(kept, s.deliveriesKept(t)); diff != "" {
		t.Errorf("deliveries in the inbox (-want +got):\n%s", diff)
	}
	if err := comment(s, []string{up.Member, "1", "/test unit"}); err != nil {
		t.Fatal(err)
	}
	if err := runs(s, []string{"unit", "success", "success"}); err != nil {
		t.Error(err)
	}
}

// state is a path below the machine's state folder.
func (s *story) state(elements ...string) string {
	return filepath.Join(append([]string{filepath.Dir(s.m.Kubeconfig)}, elements...)...)
}

// passes awaits that unit is green on a pull request, and nothing is under way.
func (s *story) passes(t *testing.T, number int) {
	t.Helper()
	if err := status(s, []string{fmt.Sprint(number), "unit", "success"}); err != nil {
		t.Fatal(err)
	}
	if err := s.settled(); err != nil {
		t.Fatal(err)
	}
}

// deliveriesKept are those in the inbox, the dead ones as well.
func (s *story) deliveriesKept(t *testing.T) []string {
	t.Helper()
	if err := s.m.Forge.Drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(s.m.Bucket, "inbox", "deliveries"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

// send sends a webhook and returns the status of the answer.
func (s *story) send(t *testing.T, method string, header map[string]string, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, method, s.m.Hook, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// sendHalf announces a body, sends half of it, and hangs up its own side.
func (s *story) sendHalf(t *testing.T, signature, body string) int {
	t.Helper()
	address, err := url.Parse(s.m.Hook)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := (&net.Dialer{}).DialContext(s.ctx, "tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST /hook HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-GitHub-Event: issue_comment\r\n", address.Host)
	fmt.Fprintf(&request, "X-GitHub-Delivery: %s\r\nX-Hub-Signature-256: %s\r\nContent-Length: %d\r\n\r\n%s", uuid.NewString(), signature, len(body), body[:len(body)/2])
	if _, err := connection.Write(request.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// brokenBucket has hook unable to store: GitHub is told, and records it; a
// redelivery works when hook is able again.
func brokenBucket(t *testing.T, s *story) {
	s.begin(t, unit)
	s.passes(t, 1)
	inbox := filepath.Join(s.m.Bucket, "inbox")
	if err := os.Rename(inbox, inbox+".away"); err != nil {
		t.Fatal(err)
	}
	mended := false
	mend := func() {
		if !mended {
			mended = true
			if err := os.Remove(inbox); err != nil {
				t.Error(err)
			}
			if err := os.Rename(inbox+".away", inbox); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(mend)
	// A file instead of the folder stops everybody, administrators too.
	if err := os.WriteFile(inbox, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := comment(s, []string{up.Member, "1", "/test unit"}); err != nil {
		t.Fatal(err)
	}
	if err := s.m.Forge.Drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	var failed []githubtest.Delivery
	for _, d := range s.m.Forge.Deliveries() {
		if !d.OK() {
			failed = append(failed, d)
		}
	}
	if len(failed) != 1 || failed[0].Event != "issue_comment" || failed[0].Attempts[0].Status != http.StatusInternalServerError {
		t.Fatalf("GitHub recorded the failures %+v, want one issue_comment with status 500", failed)
	}
	mend()
	if err := runs(s, []string{"unit", "success"}); err != nil {
		t.Errorf("before the redelivery: %v", err)
	}
	if err := s.m.Forge.Redeliver(failed[0].GUID); err != nil {
		t.Fatal(err)
	}
	if err := runs(s, []string{"unit", "success", "success"}); err != nil {
		t.Errorf("after the redelivery: %v", err)
	}
}

// get reads a page.
func get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", address, response.Status, content)
	}
	return string(content), err
}

// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

var received = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func delivery(event, body string) inbox.Delivery {
	return inbox.Delivery{
		GUID: "guid-1", Event: event, Body: []byte(body), ReceivedAt: received,
		Header: http.Header{webhook.SignatureHeader: {"sha256=00"}},
	}
}

func TestEvent(t *testing.T) {
	const repository = `"repository":{"name":"repo","owner":{"login":"org"},"html_url":"https://github.com/org/repo"},"sender":{"login":"bob"}`
	for _, tc := range []struct {
		name, event, body string
		subject, source   string
		extensions        map[string]any
	}{
		{
			name: "comment", event: "issue_comment",
			body:    `{"action":"created","issue":{"number":7,"body":"/hold"},"comment":{"body":"/test all\n/LGTM\nno /cmd\n/test x"},` + repository + `}`,
			subject: "7", source: "https://github.com/org/repo",
			extensions: map[string]any{
				"action": "created", "org": "org", "repo": "repo", "number": "7", "sender": "bob",
				"command": "test lgtm",
			},
		},
		{
			name: "opened pull", event: "pull_request",
			body:    `{"action":"opened","number":8,"pull_request":{"number":8,"body":"Adds\r\n/hold\r\n"},` + repository + `}`,
			subject: "8", source: "https://github.com/org/repo",
			extensions: map[string]any{
				"action": "opened", "org": "org", "repo": "repo", "number": "8", "sender": "bob", "command": "hold",
			},
		},
		{
			name: "labelled pull has no commands", event: "pull_request",
			body:    `{"action":"labeled","number":8,"pull_request":{"number":8,"body":"/hold"},` + repository + `}`,
			subject: "8", source: "https://github.com/org/repo",
			extensions: map[string]any{
				"action": "labeled", "org": "org", "repo": "repo", "number": "8", "sender": "bob",
			},
		},
		{
			name: "push, whose owner has no login", event: "push",
			body:    `{"ref":"refs/heads/mäin","repository":{"name":"repo","owner":{"name":"org"}},"sender":{"login":"bob"}}`,
			subject: "refs%2Fheads%2Fm%C3%A4in", source: "https://github.com/org/repo",
			extensions: map[string]any{"org": "org", "repo": "repo", "sender": "bob"},
		},
		{
			name: "status", event: "status",
			body:    `{"sha":"0123","state":"success",` + repository + `}`,
			subject: "0123", source: "https://github.com/org/repo",
			extensions: map[string]any{"org": "org", "repo": "repo", "sender": "bob"},
		},
		{
			name: "of an organization, on another host", event: "organization",
			body:   `{"action":"member_added","organization":{"login":"org"},"repository":{"html_url":"http://ghe.example:8080/x/y"}}`,
			source: "http://ghe.example:8080/org", extensions: map[string]any{"action": "member_added", "org": "org"},
		},
		{
			name: "fields of other types", event: "deployment",
			body:   `{"action":["odd"],"number":"8","ref":{},"repository":{"name":"repo","owner":{"login":"org"}}}`,
			source: "https://github.com/org/repo", extensions: map[string]any{"org": "org", "repo": "repo"},
		},
		{name: "nothing known", event: "ping", body: `{}`, source: "https://github.com", extensions: map[string]any{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev, err := webhook.Event(delivery(tc.event, tc.body))
			if err != nil {
				t.Fatal(err)
			}
			tc.extensions["githubsignature"] = "sha256=00"
			got := []any{ev.ID(), ev.Type(), ev.Source(), ev.Subject(), ev.Time(), ev.DataContentType(), string(ev.Data()), ev.Extensions()}
			want := []any{
				"guid-1", "dev.knative.source.github." + tc.event, tc.source, tc.subject, received, "application/json",
				tc.body, tc.extensions,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventOfLargeBody(t *testing.T) {
	for _, tc := range []struct {
		size    int
		dataref any
		data    int
	}{
		{webhook.MaxData, nil, webhook.MaxData},
		{webhook.MaxData + 1, "inbox/deliveries/guid-1/request", 0},
	} {
		ev, err := webhook.Event(delivery("push", `{}`+strings.Repeat(" ", tc.size-2)))
		if err != nil {
			t.Fatal(err)
		}
		if got := ev.Extensions()["dataref"]; got != tc.dataref || len(ev.Data()) != tc.data {
			t.Errorf("body of %d bytes: got dataref %v and %d bytes, want %v and %d", tc.size, got, len(ev.Data()), tc.dataref, tc.data)
		}
	}
}

func TestEventOfNoJSON(t *testing.T) {
	for _, body := range []string{"", "payload=%7B%7D", `{"action":"opened"`, `[]`, `"text"`, `null x`} {
		if ev, err := webhook.Event(delivery("push", body)); err == nil {
			t.Errorf("body %q: got event %v, want an error", body, ev)
		}
	}
}

func TestCommands(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"/test all", []string{"test"}},
		{"see\n/ok-to-test\r\n/Remove-Kind bug\n/test a\n/test b", []string{"ok-to-test", "remove-kind", "test"}},
		{" /indented\n//comment\n/\n/usr/bin/env\ntext /hold", nil},
		{"/" + strings.Repeat("x", 65), nil},
		{"/tést", []string{"t"}},
	} {
		if diff := cmp.Diff(tc.want, webhook.Commands(tc.text)); diff != "" {
			t.Errorf("commands of %q (-want +got):\n%s", tc.text, diff)
		}
	}
}

// FuzzEvent looks for bodies that break decoding, and for events that HTTP could not
// carry.
func FuzzEvent(f *testing.F) {
	f.Add("issue_comment", `{"action":"created","issue":{"number":1},"comment":{"body":"/test"}}`)
	f.Add("push", `{"ref":"refs/heads/main","repository":{"owner":{"name":"o"},"html_url":"https://h/x"}}`)
	f.Add("pull_request", `{"number":-1,"pull_request":null,"sender":{"login":"a\nb"}}`)
	f.Fuzz(func(t *testing.T, event, body string) {
		payload, err := webhook.Decode(event, "guid", []byte(body))
		if err == nil {
			webhook.Generic(payload)
		}
		ev, err := webhook.Event(delivery(event, body))
		if err != nil {
			return
		}
		for name, value := range ev.Extensions() {
			if s, ok := value.(string); !ok || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("attribute %s is %q", name, value)
			}
		}
	})
}

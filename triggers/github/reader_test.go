// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

func TestReader(t *testing.T) {
	const token = "token"
	secrets, _ := openSecrets(t, token)
	bucket, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	box := inbox.New(bucket)
	small := `{"action":"opened","issue":{"number":7}}`
	large := small + strings.Repeat(" ", webhook.MaxData)
	for _, tc := range []struct {
		name, event, body, token string
		edit                     func(ev *event.Event)
		stored                   bool
		number                   int // 0 is none
		fails                    bool
	}{
		{name: "small", event: "issues", body: small, token: token, number: 7},
		{name: "large", event: "issues", body: large, token: token, stored: true, number: 7},
		{name: "large, and gone", event: "issues", body: large, token: token, fails: true},
		{name: "of no type", event: "ping", body: small, token: token},
		{name: "wrongly signed", event: "issues", body: small, token: "other", fails: true},
		{name: "large, wrongly signed", event: "issues", body: large, token: "other", stored: true, fails: true},
		{
			name: "of somebody else", event: "issues", body: small, token: token, fails: true,
			edit: func(ev *event.Event) { ev.SetType("com.example.issues") },
		},
		{
			name: "changed on its way", event: "issues", body: small, token: token, fails: true,
			edit: func(ev *event.Event) { ev.DataEncoded = []byte(`{"action":"closed"}`) },
		},
		{
			name: "that leads astray", event: "issues", body: small, token: token, fails: true,
			edit: func(ev *event.Event) {
				ev.SetExtension("dataref", "file:///etc/passwd")
				ev.SetID("../../etc/passwd")
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := inbox.Delivery{
				GUID: strings.ReplaceAll(tc.name, " ", "-"), Event: tc.event, Body: []byte(tc.body), ReceivedAt: received,
				Header: http.Header{webhook.SignatureHeader: {webhook.Sign([]byte(tc.body), []byte(tc.token))}},
			}
			d.GUID = strings.ReplaceAll(d.GUID, ",", "")
			ev, err := webhook.Event(d)
			if err != nil {
				t.Fatal(err)
			}
			if tc.edit != nil {
				tc.edit(&ev)
			}
			if tc.stored {
				if err := box.Put(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
			w, err := webhook.NewReader(box, secrets).Read(t.Context(), ev)
			if tc.fails {
				// Nothing shows that GitHub sent any of these.
				if !event.IsPermanent(err) || !errors.Is(err, webhook.ErrSignature) {
					t.Errorf("got %v, %v; want a permanent error about the signature", w, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			number := 0
			if p, ok := w.Payload.(*webhook.IssuesEvent); ok {
				number = p.Issue.Number
			}
			if w.GUID != d.GUID || w.Event != tc.event || string(w.Body) != tc.body || number != tc.number {
				t.Errorf("got %s %s, %d bytes, issue %d", w.GUID, w.Event, len(w.Body), number)
			}
		})
	}
}

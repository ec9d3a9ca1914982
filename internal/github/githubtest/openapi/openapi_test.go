// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func validator(t *testing.T) *Validator {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestExchange(t *testing.T) {
	v := validator(t)
	const label = `{"id":1,"node_id":"L","url":"https://api.test/l","name":"x","color":"fff","default":false,"description":null}`
	const labels = "/repos/o/r/issues/5/labels"
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		answer                   string
		want                     string // part of the error; empty: none
	}{
		{"right", "POST", labels, `{"labels":["x"]}`, 200, "[" + label + "]", ""},
		{"the short form", "POST", labels, `["x"]`, 200, "[" + label + "]", ""},
		{"slash in a label", "DELETE", labels + "/do-not-merge/hold", "", 200, "[]", ""},
		{"path of a file", "GET", "/repos/o/r/contents/a/b%20c", "", 404, `{"message":"Not Found"}`, ""},
		{"not modified", "GET", labels, "", 304, "", ""},
		{"wrong request", "POST", labels, `{"labels":[7]}`, 200, "[]", "request: at /: value"},
		{"refused request", "POST", labels, `{"labels":[7]}`, 422, `{"message":"Validation Failed","documentation_url":"x"}`, ""},
		{"missing field", "POST", labels, `{"labels":["x"]}`, 200, strings.Replace("["+label+"]", `"id":1,`, "", 1), "response 200: at /0/id"},
		{"wrong type", "POST", labels, `{"labels":["x"]}`, 200, strings.Replace("["+label+"]", `"default":false`, `"default":"no"`, 1), "response 200: at /0/default"},
		{"wrong status", "POST", labels, `{"labels":["x"]}`, 201, "[]", "GitHub does not answer 201 here"},
		{"no JSON", "GET", labels, "", 403, `forbidden`, "response 403"},
		{"broken", "GET", labels, "", 502, `<html>`, ""},
		{"wrong number", "GET", "/repos/o/r/issues/five/labels", "", 200, "[]", "request: "},
		{"unknown", "GET", "/repos/o/r/milestones", "", 200, "[]", ErrUnknownOperation.Error()},
		{"unknown method", "PUT", labels, "[]", 200, "[]", ErrUnknownOperation.Error()},
		{"too long a path", "GET", "/repos/o/r/issues/5/labels/x", "", 200, "[]", ErrUnknownOperation.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req := httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, strings.NewReader(tc.body))
			header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
			expect(t, v.Exchange(req, []byte(tc.body), tc.status, header, []byte(tc.answer)), tc.want)
		})
	}
}

func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("found %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("found %v, want %q", err, want)
	}
}

// TestWebhook changes an example of GitHub's so that it is none any more.
func TestWebhook(t *testing.T) {
	v := validator(t)
	data, err := unzip(webhookExamples)
	if err != nil {
		t.Fatal(err)
	}
	var examples map[string][]json.RawMessage
	if err := json.Unmarshal(data, &examples); err != nil {
		t.Fatal(err)
	}
	created := ""
	for _, example := range examples["issue_comment"] {
		if strings.Contains(string(example), `"action":"created"`) && v.Webhook("issue_comment", example) == nil {
			created = string(example)
		}
	}
	if created == "" {
		t.Fatal("no example of a comment is as the schema says")
	}
	for _, tc := range []struct{ name, event, old, replacement, want string }{
		{"unknown field", "issue_comment", `"action":"created"`, `"action":"created","actor":1`, "'actor' not allowed"},
		{"missing field", "issue_comment", `"active_lock_reason"`, `"comments_url"`, "active_lock_reason"},
		{"wrong type", "issue_comment", `"locked":false`, `"locked":"no"`, "/issue/locked"},
		{"unknown action", "issue_comment", `"action":"created"`, `"action":"made"`, "unknown webhook issue_comment$made"},
		{"unknown event", "issue_remark", "", "", "unknown webhook issue_remark$created"},
		{"no JSON", "issue_comment", "{", "", "invalid character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changed := strings.Replace(created, tc.old, tc.replacement, 1)
			if changed == created && tc.old != "" {
				t.Fatalf("the example does not have %s", tc.old)
			}
			expect(t, v.Webhook(tc.event, []byte(changed)), tc.want)
		})
	}
}

func TestShape(t *testing.T) {
	s := &shape{}
	for _, example := range []string{`{"a":1,"b":[{"c":null}],"d":"x"}`, `{"a":null,"b":[],"d":"y","e":true}`} {
		var v any
		if err := json.Unmarshal([]byte(example), &v); err != nil {
			t.Fatal(err)
		}
		s.learn(v)
	}
	for value, want := range map[string]string{
		`{"a":2,"b":[{"c":"anything"}],"d":"z"}`: "",
		`{"a":null,"b":[],"d":null,"new":1}`:     "",
		`{"a":"2","b":[],"d":"z"}`:               "p.a is string, in the examples null or number",
		`{"a":1,"b":["x"],"d":"z"}`:              "p.b[] is string",
		`{"a":1,"b":[]}`:                         "every example has p.d",
	} {
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		expect(t, s.check(v, "p"), want)
	}
}

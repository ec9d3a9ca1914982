// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"encoding/json"
	"testing"
	"time"
)

func TestRefsString(t *testing.T) {
	for _, tc := range []struct {
		refs Refs
		want string
	}{
		{Refs{BaseRef: "main"}, "main"},
		{Refs{BaseRef: "main", BaseSHA: "abc"}, "main:abc"},
		{Refs{BaseRef: "main", BaseSHA: "abc", Pulls: []Pull{{Number: 1, SHA: "d"}}}, "main:abc,1:d"},
		{Refs{BaseRef: "main", BaseSHA: "abc", Pulls: []Pull{{Number: 1, SHA: "d", Ref: "r/1"}, {Number: 2, SHA: "e"}}}, "main:abc,1:d:r/1,2:e"},
	} {
		if got := tc.refs.String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestDurationJSON(t *testing.T) {
	for _, tc := range []struct {
		in      string
		want    time.Duration
		wantErr bool
	}{
		{`"2h"`, 2 * time.Hour, false},
		{`"1m30s"`, 90 * time.Second, false},
		{`15000000000`, 15 * time.Second, false},
		{`"soon"`, 0, true},
		{`{}`, 0, true},
	} {
		var got Duration
		err := json.Unmarshal([]byte(tc.in), &got)
		if (err != nil) != tc.wantErr || got.Duration != tc.want {
			t.Errorf("reading %s: got %v, error %v; want %v, error %t", tc.in, got, err, tc.want, tc.wantErr)
		}
	}
	if out, err := json.Marshal(Duration{2 * time.Hour}); err != nil || string(out) != `"2h0m0s"` {
		t.Errorf("writing 2h: got %s, %v", out, err)
	}
}

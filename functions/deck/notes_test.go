// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"strings"
	"testing"
)

// What sidecar says of a run's files is on its page, and what jobs say in its place does no harm.
func TestNotes(t *testing.T) {
	for name, test := range map[string]struct {
		metadata string
		want     []string
		not      []string
	}{
		"all kinds": {
			`{"censored": [{"file": "build-log.txt", "secret": "/secrets/env/token", "count": 3}, {"more": 7}],
			  "not-searched": [{"file": "artifacts/a.zip", "reason": "encrypted"}],
			  "not-uploaded": [{"file": "artifacts/<b>", "reason": "it is no file but a pipe"}]}`,
			[]string{
				"Secrets that were taken out", "build-log.txt: /secrets/env/token, 3 times", "7 more",
				"Not searched for secrets", "artifacts/a.zip: encrypted", "Not uploaded", "artifacts/&lt;b&gt;: it is no file but a pipe",
			},
			nil,
		},
		"nothing":        {`{"mine": 1}`, nil, []string{"taken out", "Not searched", "Not uploaded"}},
		"another form":   {`{"censored": "yes", "not-uploaded": {"a": 1}}`, nil, []string{"taken out", "Not uploaded"}},
		"empty lists":    {`{"censored": []}`, nil, []string{"taken out"}},
		"found one time": {`{"censored": [{"file": "f", "secret": "GitHub token", "count": 1}]}`, []string{"<li>f: GitHub token</li>"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.write(t, s.at("unit", "1"), map[string]string{"finished.json": `{"timestamp": 1, "passed": true, "metadata": ` + test.metadata + `}`})
			_, body := s.get(t, "/view/file"+s.dir+"/"+s.at("unit", "1"))
			for _, text := range test.want {
				if !strings.Contains(body, text) {
					t.Errorf("does not show %q", text)
				}
			}
			for _, text := range test.not {
				if strings.Contains(body, text) {
					t.Errorf("shows %q", text)
				}
			}
		})
	}
}

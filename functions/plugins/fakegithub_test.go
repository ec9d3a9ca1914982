// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// githubState is what the fake GitHub of the goldens answers by.
type githubState struct {
	State    string    `json:"state"`
	Title    *string   `json:"title"`
	Body     *string   `json:"body"`
	Draft    bool      `json:"draft"`
	Author   string    `json:"author"`
	Commit   string    `json:"commit"`
	Labels   []string  `json:"labels"`
	Members  *[]string `json:"members"`
	Files    []string  `json:"files"`
	Statuses []any     `json:"statuses"`
	Comments []any     `json:"comments"`
}

// githubWrite is a request that changes something.
type githubWrite struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   any    `json:"body"`
}

// fakeGitHub answers as the goldens' own fake did, and records writes.
type fakeGitHub struct {
	state githubState

	mu   sync.Mutex
	seen []githubWrite
}

const (
	fakeBase = "0123456789abcdef0123456789abcdef01234567"
	fakeHead = "89abcdef0123456789abcdef0123456789abcdef"
)

func (f *fakeGitHub) writes() []githubWrite {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

func (f *fakeGitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodGet {
		f.write(w, r)
		return
	}
	status, body := f.read(r.URL.Path)
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (f *fakeGitHub) write(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var body any
	_ = json.Unmarshal(data, &body)
	write := githubWrite{Method: r.Method, Path: r.URL.Path, Body: body}
	write.Body = essential(write)
	f.mu.Lock()
	f.seen = append(f.seen, write)
	f.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/labels"), r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/labels/"):
		_, _ = w.Write([]byte("[]"))
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("{}"))
	default:
		_, _ = w.Write([]byte("{}"))
	}
}

var (
	membership = regexp.MustCompile(`^/(?:orgs/[^/]+/members|repos/[^/]+/[^/]+/collaborators)/([^/]+)$`)
	onePull    = regexp.MustCompile(`^/repos/[^/]+/[^/]+/pulls/\d+$`)
)

// read returns the answer to a GET.
func (f *fakeGitHub) read(path string) (int, any) {
	if m := membership.FindStringSubmatch(path); m != nil {
		if slices.Contains(f.members(), m[1]) {
			return http.StatusNoContent, nil
		}
		return http.StatusNotFound, map[string]any{"message": "Not Found"}
	}
	switch {
	case path == "/user":
		return http.StatusOK, map[string]any{"login": "ci-robot", "id": 1}
	case onePull.MatchString(path):
		return http.StatusOK, f.pull()
	case strings.HasSuffix(path, "/files"):
		return http.StatusOK, f.files()
	case strings.Contains(path, "/git/ref"):
		return http.StatusOK, map[string]any{"ref": "refs/heads/main", "object": map[string]any{"sha": fakeBase}}
	case strings.HasSuffix(path, "/status"):
		return http.StatusOK, map[string]any{"state": "failure", "sha": fakeHead, "statuses": f.state.Statuses}
	case strings.HasSuffix(path, "/labels"):
		return http.StatusOK, labelsOf(f.state.Labels)
	case strings.HasSuffix(path, "/comments"):
		return http.StatusOK, append([]any{}, f.state.Comments...)
	case strings.HasPrefix(path, "/search/"):
		return http.StatusOK, map[string]any{"total_count": 0, "items": []any{}}
	}
	return http.StatusOK, []any{}
}

func (f *fakeGitHub) members() []string {
	if f.state.Members != nil {
		return *f.state.Members
	}
	return []string{"member", "octocat", "admin"}
}

func (f *fakeGitHub) files() []any {
	names := f.state.Files
	if names == nil {
		names = []string{"docs/a.md"}
	}
	var files []any
	for _, name := range names {
		files = append(files, map[string]any{"sha": "a", "filename": name, "status": "modified"})
	}
	return files
}

func labelsOf(names []string) []any {
	labels := []any{}
	for _, name := range names {
		labels = append(labels, map[string]any{"name": name})
	}
	return labels
}

func (f *fakeGitHub) pull() any {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	title := "A title"
	if f.state.Title != nil {
		title = *f.state.Title
	}
	return map[string]any{
		"number": 5, "state": or(f.state.State, "open"), "title": title, "draft": f.state.Draft, "mergeable": true,
		"html_url": "https://github.com/testorg/repo/pull/5",
		"user":     map[string]any{"login": or(f.state.Author, "octocat"), "html_url": "https://github.com/octocat"},
		"labels":   labelsOf(f.state.Labels),
		"base": map[string]any{"ref": "main", "sha": fakeBase, "repo": map[string]any{
			"owner": map[string]any{"login": "testorg"}, "name": "repo", "full_name": "testorg/repo", "html_url": "https://github.com/testorg/repo",
		}},
		"head": map[string]any{"ref": "feature", "sha": fakeHead, "repo": map[string]any{
			"owner": map[string]any{"login": "octocat"}, "name": "repo", "full_name": "octocat/repo",
		}},
	}
}

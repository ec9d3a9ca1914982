// SPDX-License-Identifier: Apache-2.0

package github

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// dryRun lets only reads through, and answers the rest as GitHub might.
type dryRun struct{ next http.RoundTripper }

// RoundTrip sends GET, HEAD and GraphQL queries, nothing else.
func (d dryRun) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return d.next.RoundTrip(req)
	}
	body, err := requestBody(req)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(req.URL.Path, "/graphql") {
		if isQuery(body) {
			return d.next.RoundTrip(req)
		}
		return answer(req, http.StatusOK, `{"data":{}}`), nil
	}
	path := req.URL.Path
	switch {
	case strings.HasSuffix(path, "/labels"), strings.Contains(path, "/labels/"):
		return answer(req, http.StatusOK, `[]`), nil
	case req.Method == http.MethodDelete && !strings.HasSuffix(path, "/assignees") && !strings.HasSuffix(path, "/requested_reviewers"):
		return answer(req, http.StatusNoContent, ""), nil
	case strings.Contains(path, "/comments"), strings.Contains(path, "/statuses/"):
		return answer(req, status(req), string(body)), nil
	}
	return answer(req, status(req), `{}`), nil
}

func status(req *http.Request) int {
	if req.Method == http.MethodPost {
		return http.StatusCreated
	}
	return http.StatusOK
}

// operation is a word that begins an operation of GraphQL.
var operation = regexp.MustCompile(`(?i)\b(mutation|subscription)\b`)

// isQuery reports whether a GraphQL request surely reads only. A query that
// merely mentions a mutation is not sent either.
func isQuery(body []byte) bool {
	var request struct {
		Query string `json:"query"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return false
	}
	text := strings.TrimSpace(request.Query)
	return (strings.HasPrefix(text, "query") || strings.HasPrefix(text, "{")) && !operation.MatchString(text)
}

// requestBody returns the body; the request can still be sent.
func requestBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the request's body: %w", err)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

func answer(req *http.Request, code int, body string) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Request: req,
	}
}

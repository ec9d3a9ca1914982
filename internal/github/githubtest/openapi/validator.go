// SPDX-License-Identifier: Apache-2.0

// Package openapi holds what GitHub says of its own API and webhooks, and checks
// exchanges against it: the OpenAPI description of REST, the JSON schema of the
// webhooks, and the examples of webhooks. See README.md for the sources.
//
// It is started by tests, changes nothing, and has no configuration.
package openapi

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed api.github.com.json.gz
var description []byte

//go:embed webhooks-schema.json.gz
var webhookSchemas []byte

//go:embed webhooks-examples.json.gz
var webhookExamples []byte

// Validator checks exchanges and webhooks. It is safe for concurrent use.
type Validator struct {
	document *openapi3.T
	webhooks *webhooks
}

// New reads the descriptions.
func New() (*Validator, error) {
	data, err := unzip(description)
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	hooks, err := newWebhooks()
	if err != nil {
		return nil, err
	}
	return &Validator{document: document, webhooks: hooks}, nil
}

func unzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// ErrUnknownOperation says that GitHub describes no such operation, or that it is
// not in hack/openapi/operations.txt.
var ErrUnknownOperation = errors.New("unknown operation")

// Exchange checks a request and its answer. The request's path begins at the
// root of the API.
func (v *Validator) Exchange(req *http.Request, requestBody []byte, status int, header http.Header, body []byte) error {
	route, params := v.find(req)
	if route == nil {
		return ErrUnknownOperation
	}
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, SkipSettingDefaults: true,
	}
	in := &openapi3filter.RequestValidationInput{
		Request: withBody(req, documented(route, requestBody)), PathParams: params, Route: route, Options: options,
	}
	// A request that was refused as invalid may well be invalid.
	if status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil {
			return fmt.Errorf("request: %w", brief(err))
		}
	}
	if !v.isDescribed(route, status) {
		return v.refusal(status, body)
	}
	if strings.HasSuffix(req.Header.Get("Accept"), "raw") && status == http.StatusOK {
		return nil // the description speaks of JSON only
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header, Options: options}
	out.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(req.Context(), out); err != nil {
		return fmt.Errorf("response %d: %w", status, brief(err))
	}
	return nil
}

// brief says where the schema is not met, without printing the schema.
func brief(err error) error {
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		return fmt.Errorf("at /%s: %s", strings.Join(schema.JSONPointer(), "/"), schema.Reason)
	}
	return err
}

// documented turns a body that GitHub takes but no longer describes into the one
// it describes: a bare list of labels, as Prow has always sent.
func documented(route *routers.Route, body []byte) []byte {
	if route.Operation.OperationID == "issues/add-labels" && bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		return fmt.Appendf(nil, `{"labels":%s}`, body)
	}
	return body
}

func withBody(req *http.Request, body []byte) *http.Request {
	out := req.Clone(req.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	if len(body) > 0 && out.Header.Get("Content-Type") == "" {
		out.Header.Set("Content-Type", "application/json")
	}
	return out
}

// isDescribed reports whether the operation's description tells of the status.
func (v *Validator) isDescribed(route *routers.Route, status int) bool {
	return route.Operation.Responses.Status(status) != nil
}

// refusal checks an answer that any operation may give without saying so:
// unchanged, not allowed, not found, limited, broken.
func (v *Validator) refusal(status int, body []byte) error {
	switch {
	case status == http.StatusNotModified || status >= 500:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound,
		status == http.StatusTooManyRequests, status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			return fmt.Errorf("response %d: %w", status, err)
		}
		if err := v.document.Components.Schemas["basic-error"].Value.VisitJSON(value); err != nil {
			return fmt.Errorf("response %d: %w", status, err)
		}
		return nil
	}
	return fmt.Errorf("response: GitHub does not answer %d here", status)
}

// find returns the operation of the request and the parameters in its path.
// Several templates may fit; the one with the most literal parts is meant.
func (v *Validator) find(req *http.Request) (*routers.Route, map[string]string) {
	parts := strings.Split(strings.TrimPrefix(req.URL.EscapedPath(), "/"), "/")
	var best *routers.Route
	var bestParams map[string]string
	bestLiterals := -1
	for template, item := range v.document.Paths.Map() {
		operation := item.GetOperation(req.Method)
		if operation == nil {
			continue
		}
		params, literals, ok := match(strings.Split(strings.TrimPrefix(template, "/"), "/"), parts)
		if ok && literals > bestLiterals {
			bestLiterals, bestParams = literals, params
			best = &routers.Route{
				Spec: v.document, Server: v.document.Servers[0], Path: template, PathItem: item, Method: req.Method, Operation: operation,
			}
		}
	}
	return best, bestParams
}

// match compares a path with a template, whose last parameter may take several
// parts: GitHub's paths of files, refs and labels hold slashes.
func match(template, parts []string) (params map[string]string, literals int, ok bool) {
	params = map[string]string{}
	for i, t := range template {
		if i >= len(parts) {
			return nil, 0, false
		}
		name, isParam := strings.CutPrefix(t, "{")
		if !isParam {
			if t != parts[i] {
				return nil, 0, false
			}
			literals++
			continue
		}
		value := parts[i]
		last := i == len(template)-1
		name = strings.TrimSuffix(name, "}")
		if last && (name == "path" || name == "ref" || name == "name" || name == "branch") {
			value = strings.Join(parts[i:], "/")
		} else if last && len(parts) > len(template) {
			return nil, 0, false
		}
		unescaped, err := url.PathUnescape(value)
		if err != nil || unescaped == "" {
			return nil, 0, false
		}
		params[name] = unescaped
	}
	if !strings.HasPrefix(template[len(template)-1], "{") && len(parts) != len(template) {
		return nil, 0, false
	}
	return params, literals, true
}

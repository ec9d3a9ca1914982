// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// github is a client of the machine's GitHub that acts as the person.
func (m *machine) github(ctx context.Context) (*github.Client, error) {
	return github.New(ctx, github.Options{Endpoint: m.Forge, Host: m.Forge, Transport: asUser{token: m.token}})
}

// asUser adds a person's token to each request.
type asUser struct{ token string }

// RoundTrip sends the request.
func (a asUser) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "token "+a.token)
	return http.DefaultTransport.RoundTrip(r)
}

func people(tokens map[string]string) []string { return slices.Sorted(maps.Keys(tokens)) }

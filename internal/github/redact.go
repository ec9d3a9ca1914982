// SPDX-License-Identifier: Apache-2.0

package github

import (
	"errors"
	"net/url"
)

// redact returns err without the query, user and password of the URL that
// net/http puts into its errors. What err wraps stays reachable.
func redact(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	shown := "(URL)"
	if parsed, parseErr := url.Parse(u.URL); parseErr == nil {
		shown = (&url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}).String()
	}
	return &url.Error{Op: u.Op, URL: shown, Err: redact(u.Err)}
}

// SPDX-License-Identifier: Apache-2.0

// Package github turns GitHub's webhooks into CloudEvents, and those into typed
// payloads again.
//
// functions/hook calls [Event] for each webhook; every consumer of events (the
// plugins, tide) calls [Reader.Read], which fetches a large body from the inbox,
// checks the signature again and decodes. Changes: nothing. In Prow: parts of the
// packages "hook", "github" and "githubeventserver".
//
// Its users import it as "webhook", since internal/github is "github".
package github

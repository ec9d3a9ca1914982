// SPDX-License-Identifier: Apache-2.0

// Package github reads and changes GitHub through its REST API.
//
// A [Client] wraps google/go-github and returns this package's own small types,
// so that no other package imports an SDK. Each kind of thing on GitHub has one
// file. Below the methods sits a chain of [net/http.RoundTripper]s, outermost
// first:
//
//	dryRun      answers everything but reads itself (dryrun.go)
//	retry       waits out rate limits, repeats what may be repeated (retry.go)
//	etagCache   asks only whether an answer has changed (cache.go)
//	auth        token file, or an app's token for each org (token.go, app.go)
//
// It is started by whoever calls it, changes issues, pulls, statuses and workflow
// runs on GitHub, and is configured by [Options]. In Prow: the package "github".
package github

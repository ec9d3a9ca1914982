// SPDX-License-Identifier: Apache-2.0

// Package githubtest is a working GitHub in memory: REST, git over HTTP from real
// bare repositories, and signed webhooks.
//
// A [Server] is an [net/http.Handler]. Tests start one with [Start], which also
// holds every exchange against GitHub's own description of its API (package
// openapi); the one-machine mode serves one as its forge. People act through
// methods such as [Server.Comment], or through REST and git with a token of
// theirs; both cause the webhooks that GitHub would send.
//
// It is started by tests and by "cutwater up", writes below the folder it is
// given, and is configured by [Options]. Prow has no such thing.
package githubtest

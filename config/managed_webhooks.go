// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"
	"time"

	"knative.dev/pkg/apis"
)

// ManagedWebhooks says whose webhooks are made, and their secrets changed, for people.
type ManagedWebhooks struct {
	// RespectLegacyGlobalToken keeps the secret that was there before, for all orgs and repos, valid.
	RespectLegacyGlobalToken bool `json:"respect_legacy_global_token"`
	// AutoAcceptInvitation accepts invitations to administrate the orgs and repos in OrgRepoConfig.
	AutoAcceptInvitation bool `json:"auto_accept_invitation"`
	// OrgRepoConfig is by org or org/repo.
	OrgRepoConfig map[string]ManagedWebhook `json:"org_repo_config,omitempty"`
}

// ManagedWebhook is the webhook of an org or repo.
type ManagedWebhook struct {
	// TokenCreatedAfter is a time in the form of RFC 3339: a secret older than this
	// is replaced. It must not be in the future.
	TokenCreatedAfter time.Time `json:"token_created_after"`
}

// Validate reports secrets that would have to be younger than now.
func (m ManagedWebhooks) Validate(now time.Time) *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(m.OrgRepoConfig)) {
		if after := m.OrgRepoConfig[key].TokenCreatedAfter; after.After(now) {
			errs = errs.Also(apis.ErrInvalidValue(after.Format(time.RFC3339), "token_created_after", "is in the future").ViaFieldKey("org_repo_config", key))
		}
	}
	return errs
}

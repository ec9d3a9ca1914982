// SPDX-License-Identifier: Apache-2.0

package check

import (
	"maps"
	"slices"
	"strings"
)

// managedWebhooks finds repos whose events would come twice.
func managedWebhooks(in Input) []Finding {
	var found []Finding
	all := in.Config.ManagedWebhooks.OrgRepoConfig
	for _, key := range slices.Sorted(maps.Keys(all)) {
		org, _, isRepo := strings.Cut(key, "/")
		if _, both := all[org]; isRepo && both {
			found = append(found, inConfig("managed_webhooks.org_repo_config["+key+"]", "%s has a webhook for the whole org, and events of %s would come twice", org, key))
		}
	}
	return found
}

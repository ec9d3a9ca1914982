// SPDX-License-Identifier: Apache-2.0

package check

import "net/url"

// validateURLs finds links that lead nowhere.
func validateURLs(in Input) []Finding {
	if _, err := url.Parse(in.Config.StatusErrorLink); err != nil {
		return []Finding{inConfig("status_error_link", "%q is no URL", in.Config.StatusErrorLink)}
	}
	return nil
}

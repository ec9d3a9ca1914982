// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"testing"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugintest"
	"github.com/cutwater-ci/cutwater/functions/plugins/trigger"
)

func TestTrigger(t *testing.T) {
	plugintest.Run(t, "testdata/*.txtar", func(k plugintest.Kit) plugin.Plugin {
		return trigger.New(k.GitHub, k.ProwJobs, k.InRepo, k.Now)
	})
}

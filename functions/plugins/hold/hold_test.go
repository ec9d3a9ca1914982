// SPDX-License-Identifier: Apache-2.0

package hold_test

import (
	"testing"

	"github.com/cutwater-ci/cutwater/functions/plugins/hold"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugintest"
)

func TestHold(t *testing.T) {
	plugintest.Run(t, "testdata/*.txtar", func(k plugintest.Kit) plugin.Plugin { return hold.New(k.GitHub) })
}

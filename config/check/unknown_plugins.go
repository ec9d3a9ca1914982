// SPDX-License-Identifier: Apache-2.0

package check

// unknownPlugins finds plugins that nobody has. They would do nothing, so that who enabled them is in error.
func unknownPlugins(in Input) []Finding { return known(Error, in.Plugins.Unknown) }

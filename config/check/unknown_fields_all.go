// SPDX-License-Identifier: Apache-2.0

package check

// unknownFieldsAll finds keys that mean nothing, wherever they are.
func unknownFieldsAll(in Input) []Finding { return known(Warning, in.Unknown) }

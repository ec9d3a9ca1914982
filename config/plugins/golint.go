// SPDX-License-Identifier: Apache-2.0

package plugins

// Golint configures the golint plugin.
type Golint struct {
	// MinimumConfidence is from which confidence on problems are reported, in (0,1]; 0.8 when unset.
	MinimumConfidence *float64 `json:"minimum_confidence,omitempty"`
}

const defaultConfidence = 0.8

// Confidence is MinimumConfidence or its default.
func (g Golint) Confidence() float64 {
	if g.MinimumConfidence == nil {
		return defaultConfidence
	}
	return *g.MinimumConfidence
}

// SPDX-License-Identifier: Apache-2.0

package plugins

import "knative.dev/pkg/apis"

// Size configures the size plugin: from how many changed lines on a pull has
// each of the labels size/S to size/XXL. Less than S is size/XS.
type Size struct {
	// S is 10 when unset or 0.
	S int `json:"s"`
	// M is 30 when unset or 0.
	M int `json:"m"`
	// L is 100 when unset or 0.
	L int `json:"l"`
	// XL is 500 when unset or 0.
	XL int `json:"xl"`
	// XXL is 1000 when unset or 0.
	XXL int `json:"xxl"`
}

// Bounds is the sizes with their defaults.
func (s Size) Bounds() Size {
	fill(&s.S, 10)
	fill(&s.M, 30)
	fill(&s.L, 100)
	fill(&s.XL, 500)
	fill(&s.XXL, 1000)
	return s
}

// Validate reports a size that is greater than the next. As in Prow, one that
// is given needs all greater ones to be given too.
func (s Size) Validate() *apis.FieldError {
	var errs *apis.FieldError
	sizes := []struct {
		name  string
		lines int
	}{{"s", s.S}, {"m", s.M}, {"l", s.L}, {"xl", s.XL}, {"xxl", s.XXL}}
	for i, next := range sizes[1:] {
		if smaller := sizes[i]; smaller.lines > next.lines {
			errs = errs.Also(apis.ErrInvalidValue(smaller.lines, smaller.name, "is more than "+next.name))
		}
	}
	return errs
}

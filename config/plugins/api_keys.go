// SPDX-License-Identifier: Apache-2.0

package plugins

// Cat configures the cat plugin.
type Cat struct {
	// KeyPath is a file with a key of thecatapi.com, without which fewer pictures are to be had.
	KeyPath string `json:"key_path,omitempty"`
}

// Goose configures the goose plugin.
type Goose struct {
	// KeyPath is a file with a key of unsplash.com, without which there are no pictures.
	KeyPath string `json:"key_path,omitempty"`
}

// SPDX-License-Identifier: Apache-2.0

package layout

// Keys of what sidecar has to say in the metadata of finished.json: lists of
// findings, where there are any. They are not in Prow.
const (
	// CensoredKey is for secrets that were taken out of files: their names, never
	// their values.
	CensoredKey = "censored"
	// NotSearchedKey is for files that secrets may still be in, and why.
	NotSearchedKey = "not-searched"
	// NotUploadedKey is for files that are not in the bucket, and why.
	NotUploadedKey = "not-uploaded"
)

// Finding is one element of these lists.
type Finding struct {
	File string `json:"file,omitempty"`
	// Secret is the file that the secret is in, and Count how often it was found.
	Secret string `json:"secret,omitempty"`
	Count  int    `json:"count,omitempty"`
	// Reason is why the file was not uploaded or not searched.
	Reason string `json:"reason,omitempty"`
	// More is how many reasons there are beside this one or, in an element without
	// a file, how many files are not named.
	More int `json:"more,omitempty"`
}

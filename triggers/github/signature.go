// SPDX-License-Identifier: Apache-2.0

package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signaturePrefix names the one algorithm that is accepted. GitHub's older header,
// X-Hub-Signature with SHA-1, is not read at all.
const signaturePrefix = "sha256="

// Sign returns the X-Hub-Signature-256 of the body.
func Sign(body, token []byte) string {
	return signaturePrefix + hex.EncodeToString(mac(body, token))
}

// signedWith reports whether the signature is the body's with one of the tokens. All
// are tried, in the same time whichever fits.
func signedWith(signature string, body []byte, tokens [][]byte) bool {
	digits, ok := strings.CutPrefix(signature, signaturePrefix)
	if !ok {
		return false
	}
	got, err := hex.DecodeString(digits)
	if err != nil || len(got) != sha256.Size {
		return false
	}
	found := false
	for _, token := range tokens {
		if hmac.Equal(got, mac(body, token)) {
			found = true
		}
	}
	return found
}

func mac(body, token []byte) []byte {
	h := hmac.New(sha256.New, token)
	h.Write(body)
	return h.Sum(nil)
}

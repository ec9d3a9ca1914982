// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"fmt"
	"strings"
)

const (
	deliveriesPrefix = "inbox/deliveries/"
	pendingPrefix    = "inbox/pending/"
	deadPrefix       = "inbox/dead/"
	requestName      = "request"
)

// maxGUID is the longest GUID accepted; GitHub's have 36 characters.
const maxGUID = 128

// RequestKey returns the key of the delivery's request.
func RequestKey(guid string) string { return deliveryPrefix(guid) + requestName }

func deliveryPrefix(guid string) string { return deliveriesPrefix + guid + "/" }

func pendingKey(guid string) string { return pendingPrefix + guid }

func deadKey(guid string) string { return deadPrefix + guid }

// entryKey returns the key of a consumer's ledger entry.
func entryKey(guid, consumer string) (string, error) {
	if err := checkGUID(guid); err != nil {
		return "", err
	}
	if !isName(consumer) || consumer == requestName {
		return "", fmt.Errorf("invalid consumer %q", consumer)
	}
	return deliveryPrefix(guid) + consumer, nil
}

// checkGUID returns an ErrGUID unless the GUID is plainly one path segment. It came
// in a header, which no signature covers.
func checkGUID(guid string) error {
	if !isName(guid) {
		// It is not repeated: it can be anything, and of any length.
		return ErrGUID
	}
	return nil
}

func isName(s string) bool {
	return s != "" && len(s) <= maxGUID && s[0] != '.' && strings.Trim(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

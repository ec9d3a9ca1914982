// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// tarHeader is a block that describes what follows it in a tar archive.
type tarHeader []byte

// The fields of a header, as POSIX and GNU describe them.
const (
	tarBlock        = 512
	tarName         = 0
	tarMode         = 100
	tarSize         = 124
	tarTime         = 136
	tarChecksum     = 148
	tarType         = 156
	tarLink         = 157
	tarMagic        = 257
	tarUser         = 265
	tarGroup        = 297
	tarDevice       = 329
	tarPrefix       = 345
	tarExtended     = 482 // GNU's, when the header of a sparse file goes on
	tarEnd          = 500
	tarExtendedMore = 504 // the same in where it goes on
)

// largestMeta is how much is read of what is said of a file, in bytes.
const largestMeta = 1 << 20

func (h tarHeader) isZero() bool { return len(bytes.Trim(h, "\x00")) == 0 }

// isValid tells, by the checksum, whether it is a header.
func (h tarHeader) isValid() bool {
	want, err := tarNumber(h[tarChecksum:tarType])
	return err == nil && want == h.sum() && !h.isZero()
}

// sum is what the checksum should be: it counts as spaces itself.
func (h tarHeader) sum() (sum int64) {
	for i, b := range h {
		if tarChecksum <= i && i < tarType {
			b = ' '
		}
		sum += int64(b)
	}
	return sum
}

func (h tarHeader) size() (int64, error) { return tarNumber(h[tarSize:tarTime]) }

func (h tarHeader) setSize(size int64) {
	copy(h[tarSize:tarTime], fmt.Sprintf("%011o\x00", size))
	h.setSum()
}

func (h tarHeader) setSum() { copy(h[tarChecksum:tarType], fmt.Sprintf("%06o\x00 ", h.sum())) }

func (h tarHeader) name() string {
	name := untilZero(h[tarName:tarMode])
	if prefix := untilZero(h[tarPrefix:tarEnd]); h.isPOSIX() && prefix != "" {
		return prefix + "/" + name
	}
	return name
}

// isPOSIX tells whether a name has a prefix: with GNU other things are there.
func (h tarHeader) isPOSIX() bool { return string(h[tarMagic:tarMagic+6]) == "ustar\x00" }

func untilZero(field []byte) string {
	text, _, _ := bytes.Cut(field, []byte{0})
	return string(text)
}

// censor takes secrets out of the texts.
func (h tarHeader) censor(censored func(string) string) {
	fields := [][]byte{h[tarName:tarMode], h[tarLink:tarMagic], h[tarUser:tarGroup], h[tarGroup:tarDevice]}
	if h.isPOSIX() {
		fields = append(fields, h[tarPrefix:tarEnd])
	}
	for _, field := range fields {
		if before, after := string(field), censored(string(field)); after != before {
			copy(field, after)
			h.setSum()
		}
	}
}

// tarNumber reads octal digits or, after a bit that says so, the binary number.
func tarNumber(field []byte) (int64, error) {
	if field[0]&0x80 == 0 {
		text := strings.Trim(string(field), " \x00")
		if text == "" {
			return 0, nil
		}
		n, err := strconv.ParseUint(text, 8, 63)
		return int64(n), err
	}
	n := int64(field[0] & 0x7f)
	for _, b := range field[1:] {
		if n >= 1<<54 {
			return 0, errors.New("negative or too large")
		}
		n = n<<8 | int64(b)
	}
	return n, nil
}

// tarMeta is what was said of a file before its header.
type tarMeta struct {
	name string
	// size counts instead of the header's if it was told.
	size  int64
	sized bool
	// sparse tells that what is stored is not as the file is.
	sparse bool
}

// read takes records of the form "length key=value\n".
func (m *tarMeta) read(records []byte) {
	for len(records) > 0 {
		digits, _, _ := bytes.Cut(records, []byte(" "))
		n, err := strconv.Atoi(string(digits))
		if err != nil || n <= len(digits)+1 || n > len(records) {
			return
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(string(records[len(digits)+1:n]), "\n"), "=")
		records = records[n:]
		switch {
		case key == "path":
			m.name = value
		case key == "size":
			size, err := strconv.ParseUint(value, 10, 62)
			m.size, m.sized = int64(size), err == nil
		case strings.HasPrefix(key, "GNU.sparse."):
			m.sparse = true
		}
	}
}

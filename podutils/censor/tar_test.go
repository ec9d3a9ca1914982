// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// In a tar archive nothing but the secrets changes: neither what others than we
// would write, nor the order, nor what is after the end.
func TestTarStaysAsItIs(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	long := strings.Repeat("long/", 50)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "0123456789abcdef of " + secret}},
		{Name: "dir/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: long + "pax", Size: 20, PAXRecords: map[string]string{"VENDOR.key": "is " + secret}, Format: tar.FormatPAX},
		{Name: long + "gnu", Size: 20, Format: tar.FormatGNU},
		{Name: "of " + secret, Size: 20, Uname: secret, Format: tar.FormatUSTAR},
		{Name: "link", Linkname: "to " + secret, Typeflag: tar.TypeSymlink},
		{Name: "device", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 2},
		{Name: "old", Size: 20, Format: tar.FormatGNU, Uid: 1 << 40},
	} {
		check(w.WriteHeader(h))
		if h.Size > 0 {
			_, err := w.Write([]byte("01234" + secret + "6789"))
			check(err)
		}
	}
	check(w.Close())
	content := append(b.Bytes(), "after the end: "+secret...)
	hide := func(text string) string { return strings.ReplaceAll(text, secret, "XXXXXXXXXXX") }
	listed := map[string]string{}
	for where, text := range unpack(content) {
		listed[hide(where)] = hide(text)
	}
	got, tally := censorFile(t, newSecrets(), content)
	for name, data := range got {
		if diff := cmp.Diff(listed, unpack(data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for i, want := range []byte(hide(string(content))) {
			// A header's checksum changes with it.
			if field := i % 512; data[i] != want && (field < 148 || 156 <= field) {
				t.Fatalf("%s: byte %d is %q, want %q", name, i, data[i], want)
			}
		}
	}
	if n := tally.Counts()["/secrets/it"]; n != 10 {
		t.Errorf("counted %d, want 10", n)
	}
}

// tarHeader is a header that archive/tar does not write.
func tarHeader(name string, kind byte, size int, more func(header []byte)) []byte {
	header := make([]byte, 512)
	copy(header, name)
	copy(header[124:], fmt.Sprintf("%011o", size))
	copy(header[148:], "        ")
	header[156] = kind
	copy(header[257:], "ustar\x0000")
	more(header)
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	return header
}

func padded(content []byte) []byte { return append(content, make([]byte, -len(content)&511)...) }

// What looks packed in a sparse file, or has its length told elsewhere, is not looked
// into; but what is after it is.
func TestOddTars(t *testing.T) {
	none := func([]byte) {}
	packed := gzipOf([]byte(secret))
	after := append(tarHeader("after.gz", '0', len(packed), none), padded(packed)...)
	want := map[string]string{}
	for where := range unpack(after) {
		want[where] = "XXXXXXXXXXX"
	}
	extended := tarHeader("sparse", 'S', len(packed), func(h []byte) { h[482] = 1 })
	goesOn, end := make([]byte, 512), make([]byte, 512)
	goesOn[504] = 1
	pax := func(record string) []byte {
		return append(tarHeader("pax", 'x', len(record), none), padded([]byte(record))...)
	}
	for name, test := range map[string]struct {
		archive []byte
		notes   []string
	}{
		"GNU's sparse file": {archive: bytes.Join([][]byte{extended, goesOn, end, padded(bytes.Clone(packed))}, nil)},
		"sparse file": {
			archive: bytes.Join([][]byte{pax("22 GNU.sparse.major=1\n"), tarHeader("sparse", '0', len(packed), none), padded(bytes.Clone(packed))}, nil),
		},
		"size in PAX": {
			archive: bytes.Join([][]byte{pax(fmt.Sprintf("11 size=%d\n", len(packed))), tarHeader("large", '0', 0, none), padded(bytes.Clone(packed))}, nil),
			notes:   []string{`"large": not looked into: too large`},
		},
		"binary size": {archive: append(tarHeader("a", '0', 0, func(h []byte) {
			copy(h[124:], "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04")
		}), padded([]byte("text"))...)},
		"hard link with a size": {archive: tarHeader("link", '1', 100, none)},
		"long name":             {archive: bytes.Join([][]byte{tarHeader("././@LongLink", 'L', 200, none), padded([]byte(strings.Repeat("n", 200)))}, nil)},
	} {
		got, tally := censorFile(t, newSecrets(), append(bytes.Clone(test.archive), after...))
		for from, data := range got {
			if !bytes.HasPrefix(data, test.archive) {
				t.Errorf("%s, %s: it has changed: %q", name, from, data)
				continue
			}
			if diff := cmp.Diff(want, unpack(data[len(test.archive):])); diff != "" {
				t.Errorf("%s, %s: after it (-want +got):\n%s", name, from, diff)
			}
		}
		if diff := cmp.Diff(test.notes, tally.Notes()); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
	}
}

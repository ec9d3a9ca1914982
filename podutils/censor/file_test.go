// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// secret compresses badly, as secrets do.
const secret = "n0T-f0r-y0u"

func newSecrets() *censor.Secrets {
	return censor.New([]censor.Value{{Name: "/secrets/it", Text: secret}}, censor.Options{Shapes: true})
}

// What is packed comes out packed the same way, without the secrets.
func TestFile(t *testing.T) {
	text := "a " + secret + " and\n" + strings.Repeat("more of it\n", 1000)
	for name, content := range packings(text) {
		t.Run(name, func(t *testing.T) {
			got, tally := censorFile(t, newSecrets(), content)
			want := unpack(content)
			for where := range want {
				want[where] = strings.ReplaceAll(want[where], secret, "XXXXXXXXXXX")
			}
			for from, data := range got {
				if diff := cmp.Diff(want, unpack(data)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", from, diff)
				}
			}
			count := strings.Count(fmt.Sprint(unpack(content)), secret)
			if diff := cmp.Diff(map[string]int{"/secrets/it": count}, tally.Counts()); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			if len(tally.Notes()) > 0 {
				t.Errorf("notes are %q, want none", tally.Notes())
			}
		})
	}
}

// A file with nothing to take out comes out as it is.
func TestFileWithoutSecrets(t *testing.T) {
	for name, content := range packings(strings.Repeat("nothing to see\n", 1000)) {
		got, tally := censorFile(t, newSecrets(), content)
		if !bytes.Equal(got["file"], content) {
			t.Errorf("%s: the file has changed", name)
		}
		if diff := cmp.Diff(unpack(content), unpack(got["stream"])); diff != "" {
			t.Errorf("%s: the stream has changed (-want +got):\n%s", name, diff)
		}
		if len(tally.Counts()) > 0 || len(tally.Notes()) > 0 {
			t.Errorf("%s: counted %v, noted %q", name, tally.Counts(), tally.Notes())
		}
	}
}

// What is damaged is given out as far as it can be read; and that is told.
func TestDamaged(t *testing.T) {
	text := strings.Repeat("a "+secret+" that is here\n", 5000)
	noise := noise(4000)
	whole := gzipOf(append([]byte(text), noise...))
	corrupt := bytes.Clone(whole)
	copy(corrupt[len(corrupt)-2000:], noise)
	broken := zipOf(zip.Deflate, entry{"a", []byte(text)}, entry{"b", []byte(text)})
	broken[bytes.Index(broken, []byte("PK\x01\x02"))+16] ^= 0xff // a checksum in the directory
	for name, content := range map[string][]byte{
		"cut off":           whole[:len(whole)-100],
		"corrupt":           corrupt,
		"more after it":     append(bytes.Clone(whole), secret...),
		"cut off, in a zip": zipOf(zip.Store, entry{"a.gz", whole[:len(whole)-100]}),
		"cut off, in a tar": tarOf(entry{"a.gz", whole[:len(whole)-100]}),
		"entry of a zip":    broken,
	} {
		got, tally := censorFile(t, newSecrets(), content)
		for from, data := range got {
			readable := false
			for _, text := range unpack(data) {
				readable = readable || strings.HasPrefix(text, strings.Repeat("a XXXXXXXXXXX that is here\n", 4900))
				if strings.Contains(text, secret) {
					t.Errorf("%s, %s: a secret is left", name, from)
				}
			}
			if !readable {
				t.Errorf("%s, %s: got %.200q", name, from, unpack(data))
			}
		}
		if notes := fmt.Sprint(tally.Notes()); !strings.Contains(notes, "damaged: only what comes before the damage is there") {
			t.Errorf("%s: notes are %q", name, notes)
		}
	}
}

// What we do not look into comes out as it is, and is named, without the secrets.
func TestNotes(t *testing.T) {
	encrypted := zipOf(zip.Store, entry{"of " + secret, []byte("encrypted")})
	for _, mark := range []struct {
		magic string
		flags int
	}{{"PK\x03\x04", 6}, {"PK\x01\x02", 8}} {
		encrypted[bytes.Index(encrypted, []byte(mark.magic))+mark.flags] |= 1
	}
	strange := bytes.ReplaceAll(zipOf(zip.Store, entry{"a", []byte("strange")}), []byte("\x14\x00\x08\x00\x00\x00"), []byte("\x14\x00\x08\x00\x63\x00"))
	deep := []byte("nothing")
	for range 10 {
		deep = gzipOf(deep)
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"xz":                 {[]byte("\xfd7zXZ\x00 and so on"), `not looked into: packed with xz`},
		"zstd in a tar":      {tarOf(entry{"a.zst", []byte("\x28\xb5\x2f\xfd and so on")}), `"a.zst": not looked into: packed with zstd`},
		"bzip2 in tar.gz":    {gzipOf(tarOf(entry{"a.bz2", []byte("BZh91AY&SY")})), `"a.bz2": not looked into: packed with bzip2`},
		"encrypted":          {encrypted, `"of XXXXXXXXXXX": not looked into: encrypted`},
		"encrypted in a tar": {tarOf(entry{"x.zip", encrypted}), `"x.zip > of XXXXXXXXXXX": not looked into: encrypted`},
		"other method":       {strange, `"a": not looked into: packed with method 99`},
		"no zip":             {[]byte("PK\x03\x04 is how a zip starts"), "not looked into: zip: not a valid zip file"},
		"deep":               {deep, "not looked into: packed too deep"},
	} {
		got, tally := censorFile(t, newSecrets(), test.content)
		if diff := cmp.Diff([]string{test.want}, tally.Notes()); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
		if want := bytes.ReplaceAll(test.content, []byte(secret), []byte("XXXXXXXXXXX")); !bytes.Equal(got["file"], want) {
			t.Errorf("%s: got %q, want %q", name, got["file"], want)
		}
	}
	many := []entry{}
	for i := range 1000 {
		many = append(many, entry{fmt.Sprint(i), []byte("BZh")})
	}
	if _, tally := censorFile(t, newSecrets(), tarOf(many...)); len(tally.Notes()) != 101 || !strings.Contains(tally.Notes()[100], "more") {
		t.Errorf("there are %d notes, want 100 and one that there are more", len(tally.Notes()))
	}
}

// What only begins like something packed is plain.
func TestNotPacked(t *testing.T) {
	for _, start := range []string{"\x1f\x8b", "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00a name without an end", "\x1f\x8b\x08", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff no data", strings.Repeat("x", 257) + "ustar\x0000" + strings.Repeat("x", 400)} {
		got, tally := censorFile(t, newSecrets(), []byte(start+" and "+secret))
		for from, data := range got {
			if want := start + " and XXXXXXXXXXX"; string(data) != want {
				t.Errorf("%s: got %q, want %q", from, data, want)
			}
		}
		if len(tally.Notes()) > 0 {
			t.Errorf("%q: notes are %q", start, tally.Notes())
		}
	}
}

// A job may write on while we read: what was not looked through is not given out.
func TestFileChanges(t *testing.T) {
	content := gzipOf([]byte("nothing"))
	file := stored(t, content)
	r, err := newSecrets().File(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := gzipOf([]byte(secret))
	if err := os.WriteFile(file.Name(), changed[:len(content)], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("error is %v, want that the file changed", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// brokenFile cannot be read after its start.
type brokenFile struct{ *bytes.Reader }

var errDisk = errors.New("bad disk")

func (b brokenFile) ReadAt(p []byte, at int64) (int, error) {
	n, _ := b.Reader.ReadAt(p[:min(len(p), max(0, 5000-int(at)))], at)
	if n < len(p) {
		return n, errDisk
	}
	return n, nil
}

func (b brokenFile) Close() error { return nil }

// A file that cannot be read is not a damaged archive.
func TestFileErrors(t *testing.T) {
	for name, content := range map[string][]byte{"gzip": gzipOf(noise(1 << 20)), "tar": tarOf(entry{"a", noise(1 << 20)}), "zip": zipOf(zip.Deflate, entry{"a", noise(1 << 20)})} {
		if _, err := newSecrets().File(brokenFile{bytes.NewReader(content)}, nil); !errors.Is(err, errDisk) {
			t.Errorf("%s: error is %v, want %v", name, err, errDisk)
		}
	}
	r, err := newSecrets().File(io.NopCloser(io.MultiReader(bytes.NewReader(gzipOf(noise(1 << 20))[:5000]), iotest.ErrReader(errDisk))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, errDisk) {
		t.Errorf("stream: error is %v, want %v", err, errDisk)
	}
}

// A small file that unpacks to more than we have time for is not given out.
func TestBomb(t *testing.T) {
	inner := gzipOf(make([]byte, 1<<20))
	for name, content := range map[string][]byte{"gzip": inner, "in a tar": tarOf(entry{"a", inner}), "in a zip": zipOf(zip.Deflate, entry{"a", inner}), "twice": gzipOf(inner)} {
		_, err := newSecrets().FileOf(1<<20-1, stored(t, content))
		if err == nil || !strings.Contains(err.Error(), "too much packed in it") {
			t.Errorf("%s: error is %v, want that it is too much", name, err)
		}
	}
	for _, inner := range [][]byte{inner, gzipOf(append(make([]byte, 1<<20-len(secret)), secret...))} {
		r, err := newSecrets().FileOf(1<<20, stored(t, inner))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); err != nil {
			t.Errorf("what is just small enough: %v", err)
		}
	}
}

// What is packed in an archive and is large goes through a temporary file.
func TestLargeMember(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	text := append(noise(3<<20), secret...)
	content := tarOf(entry{"a.gz", gzipOf(text)}, entry{"b", []byte(secret)})
	want := map[string]string{}
	for where, text := range unpack(content) {
		want[where] = strings.ReplaceAll(text, secret, "XXXXXXXXXXX")
	}
	got, tally := censorFile(t, newSecrets(), content)
	for from, data := range got {
		if diff := cmp.Diff(want, unpack(data)); diff != "" {
			t.Errorf("%s: %d bytes of difference", from, len(diff))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 || tally.Counts()["/secrets/it"] != 2 {
		t.Errorf("counted %v, left %q", tally.Counts(), left)
	}
	// Without a place for such a file it stays as it is, which is told.
	t.Setenv("TMPDIR", "/no/such/folder")
	got, tally = censorFile(t, newSecrets(), content)
	if want := bytes.ReplaceAll(content, []byte(secret), []byte("XXXXXXXXXXX")); !bytes.Equal(got["file"], want) || !bytes.Equal(got["stream"], want) {
		t.Error("without a temporary file it has changed")
	}
	if diff := cmp.Diff([]string{`"a.gz": not looked into: no room to unpack it`}, tally.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// A zip whose directory would take much memory is not looked into.
func TestHugeDirectory(t *testing.T) {
	var entries []entry
	for range 300 {
		entries = append(entries, entry{name: strings.Repeat("n", 60000)})
	}
	_, tally := censorFile(t, newSecrets(), zipOf(zip.Store, entries...))
	if diff := cmp.Diff([]string{"not looked into: too many entries"}, tally.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// However much there is in a file, it takes little memory.
func TestLittleMemory(t *testing.T) {
	const size = 1 << 30
	zeros := gzipOf(make([]byte, size/1024))
	huge := bytes.Repeat(zeros, 1024)
	for name, content := range map[string][]byte{"nothing": huge, "a secret": append(bytes.Clone(huge[:len(huge)/8]), gzipOf([]byte(secret))...)} {
		file := stored(t, content)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := newSecrets().File(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: took %d MiB", name, used>>20)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Whatever a job leaves, reading it ends, without panic, and the secret is nowhere in
// what comes out, as far as our reading goes: what comes out has none that we find.
func FuzzFile(f *testing.F) {
	for _, content := range packings("a " + secret) {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		secrets := newSecrets()
		got, _ := censorFile(t, secrets, content)
		for from, data := range got {
			again, tally := censorFile(t, secrets, data)
			if len(tally.Counts()) > 0 {
				t.Errorf("%s: still there: %v, in %q", from, tally.Counts(), data)
			}
			if !bytes.Equal(again["file"], data) && len(tally.Notes()) == 0 {
				t.Errorf("%s: changes again: %q to %q", from, data, again["file"])
			}
		}
	})
}

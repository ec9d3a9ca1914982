// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"crypto/md5" //nolint:gosec // what buckets tell; nothing is protected by it
	"encoding/hex"
	"hash"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
)

// Sum is what a listing tells about an object's bytes, so that who has the same need
// not send them again. Not all buckets tell; the zero Sum is not known. Sums of
// buckets that encrypt with keys of their own are not of the bytes, and so equal none.
type Sum struct {
	size  int64
	md5   [md5.Size]byte
	parts int32 // 0 is sent whole; else md5 is that of the parts' sums
}

// Known tells whether the bucket told a sum.
func (s Sum) Known() bool { return s != Sum{} }

func sumOf(o *blob.ListObject) Sum {
	s := Sum{size: o.Size}
	if len(o.MD5) == md5.Size {
		s.md5 = [md5.Size]byte(o.MD5)
		return s
	}
	var object types.Object
	if !o.As(&object) || object.ETag == nil {
		return Sum{}
	}
	sum, parts, _ := strings.Cut(strings.Trim(*object.ETag, `"`), "-")
	count, err := strconv.ParseInt(parts, 10, 32)
	decoded, err2 := hex.DecodeString(sum)
	if err != nil || err2 != nil || len(decoded) != md5.Size || count < 1 {
		return Sum{}
	}
	s.md5, s.parts = [md5.Size]byte(decoded), int32(count)
	return s
}

// Check returns a writer for bytes that may be the object's.
func (s Sum) Check() *Check {
	c := &Check{want: s, whole: md5.New()} //nolint:gosec // see above
	if s.parts > 0 {
		c.part, c.partSize = md5.New(), partSize(s.size) //nolint:gosec // see above
	}
	return c
}

// Check compares bytes with a sum. It is an io.Writer that never fails.
type Check struct {
	want  Sum
	size  int64
	whole hash.Hash // of the bytes or, of an object in parts, of the parts' sums
	parts int32

	part              hash.Hash // of the part that comes in
	partSize, partHas int64
}

// Write implements io.Writer.
func (c *Check) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	if c.part == nil {
		return c.whole.Write(p)
	}
	all := len(p)
	for len(p) > 0 {
		n := min(int64(len(p)), c.partSize-c.partHas)
		c.part.Write(p[:n])
		p = p[n:]
		if c.partHas += n; c.partHas == c.partSize {
			c.endPart()
		}
	}
	return all, nil
}

func (c *Check) endPart() {
	c.whole.Write(c.part.Sum(nil))
	c.part.Reset()
	c.partHas = 0
	c.parts++
}

// Same tells whether the bytes were the object's.
func (c *Check) Same() bool {
	if c.partHas > 0 {
		c.endPart()
	}
	return c.want.Known() && c.want == Sum{size: c.size, md5: [md5.Size]byte(c.whole.Sum(nil)), parts: c.parts}
}

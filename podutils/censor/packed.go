// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// packed is what to look into: a file or something in it. Its methods take what is
// in there and write it anew, without secrets. What they cannot look into they
// write as it is, but for what is a secret as it stands.
type packed struct {
	secrets *Secrets
	tally   *Tally
	budget  *budget
	// looking tells that only the tally matters, and nothing is written.
	looking bool
	// where is the way to it, and depth how long that is.
	where string
	depth int
}

const (
	// deepest is how deep things may be packed in one another.
	deepest = 8
	// longestName is how much of a name a note tells, in bytes.
	longestName = 200
	// startSize is how much tells the kind of what follows, in bytes.
	startSize = 4 << 10
)

// look returns the same with a tally of its own, to look whether to write it anew.
func (p packed) look() packed {
	p.tally, p.looking = &Tally{}, true
	return p
}

// in returns what goes by name in it.
func (p packed) in(name string) packed {
	name = string(p.secrets.Bytes([]byte(name), nil))
	if p.where != "" {
		name = p.where + " > " + name
	}
	p.where = name[:min(len(name), longestName)]
	p.depth++
	return p
}

// note adds a note, without secrets.
func (p packed) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.where != "" {
		text = fmt.Sprintf("%q: %s", p.where, text)
	}
	p.tally.note("%s", text)
}

// damaged notes that there is less of it than there was.
func (p packed) damaged(err error) {
	p.note("damaged: only what comes before the damage is there: %v", err)
	p.tally.damage()
}

// censored is a text that describes what is packed.
func (p packed) censored(text string) string {
	return string(p.secrets.Bytes([]byte(text), p.tally))
}

// content looks into what it finds in from.
func (p packed) content(to io.Writer, from io.Reader) error {
	buffered := bufio.NewReaderSize(from, startSize)
	start, err := buffered.Peek(startSize)
	if err != nil && err != io.EOF {
		return err
	}
	kind := kindOf(start)
	if kind.known() && p.depth >= deepest {
		p.note("not looked into: packed too deep")
		kind = plain
	}
	switch kind {
	case gzipped:
		return p.gzip(to, buffered)
	case tarred:
		return p.tar(to, buffered)
	case zipped:
		if section, ok := from.(*io.SectionReader); ok {
			return p.zip(to, section)
		}
		return p.member(buffered, func(int64) (io.Writer, error) { return to, nil })
	default:
		p.noteKind(kind)
		return p.plain(to, buffered)
	}
}

func (p packed) plain(to io.Writer, from io.Reader) error {
	_, err := io.Copy(to, p.secrets.Reader(from, p.tally))
	return err
}

// gzip writes one member, whatever the number of those that it reads.
func (p packed) gzip(to io.Writer, from io.Reader) error {
	in, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	p.depth++
	header := in.Header
	header.Name = strings.ToValidUTF8(p.censored(in.Name), "X")
	header.Comment = strings.ToValidUTF8(p.censored(in.Comment), "X")
	header.Extra = []byte(p.censored(string(in.Extra)))
	content := &salvage{from: in, budget: p.budget}
	if p.looking {
		err = p.content(io.Discard, content)
	} else {
		out := gzip.NewWriter(to)
		out.Header = header
		if err = p.content(out, content); err == nil {
			err = out.Close()
		}
	}
	if content.err != nil {
		p.damaged(content.err)
	}
	return err
}

// member looks into what must be there as a whole, or have a known length before it
// is written: begin takes that, or a negative one for that which it had, and returns
// where to write it.
func (p packed) member(from io.Reader, begin func(size int64) (io.Writer, error)) error {
	whole, rest, err := newSpool(from)
	defer whole.close()
	if err != nil {
		return err
	}
	if rest != nil {
		p.note("not looked into: no room to unpack it")
		return p.write(begin, -1, p.secrets.Reader(io.MultiReader(whole.section(), rest), p.tally))
	}
	looked := p
	if !p.looking {
		looked = p.look()
	}
	if err := looked.content(io.Discard, whole.section()); err != nil || p.looking {
		return err
	}
	if !looked.tally.changes() {
		p.tally.addAll(looked.tally)
		return p.write(begin, whole.size, whole.section())
	}
	anew := &spool{}
	defer anew.close()
	if err := p.content(anew, whole.section()); err != nil {
		return err
	}
	return p.write(begin, anew.size, anew.section())
}

func (p packed) write(begin func(size int64) (io.Writer, error), size int64, from io.Reader) error {
	to, err := begin(size)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}

// salvage reads as far as it can: damage is like the end.
type salvage struct {
	from   io.Reader
	budget *budget
	// err tells of the damage.
	err error
}

// Read implements io.Reader.
func (s *salvage) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if tooLarge := s.budget.spend(n); tooLarge != nil {
		return 0, tooLarge
	}
	if err == nil || err == io.EOF || err == errBudget || isOfSource(err) {
		return n, err
	}
	s.err = err
	return n, io.EOF
}

// budget is how much may still be unpacked, in bytes: small files can hold very much.
type budget struct{ left int64 }

// largestUnpacked is the budget of a file.
const largestUnpacked = 64 << 30

var errBudget = errors.New("there is too much packed in it")

func (b *budget) spend(n int) error {
	if b.left -= int64(n); b.left < 0 {
		return errBudget
	}
	return nil
}

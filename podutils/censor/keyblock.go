// SPDX-License-Identifier: Apache-2.0

package censor

import "bytes"

// keyBlocks covers what is in the blocks of private keys, in a text that comes in
// parts. The lines that begin and end a block stay: they tell what was there. A
// block may lack its end, and its lines may have something before them, or be one
// line with \n in it: so all words are covered from the first on that is long enough
// for key material, until there has been none such for a while.
type keyBlocks struct {
	tally *Tally
	// inside tells that a block began, and found that there is key material in it.
	inside, found bool
	// material is what words are made of; \n and %3D are in them.
	material *class
	// word is how long the present word is as yet, and quiet how much has come since
	// the last one that may be key material.
	word, quiet int
}

const (
	privateKey = "private key"
	// dashes begin and end the lines that begin and end a block.
	dashes     = "-----"
	blockBegin = dashes + "BEGIN "
	// longestKind is how long the kind of a block may be that holds a private key.
	longestKind = 64
	// shortestMaterial is how long a word must be that is key material.
	shortestMaterial = 24
	// longestQuiet is how much without key material ends a block.
	longestQuiet = 128
)

// next takes what was not done of the parts before, with the next part after it. It
// overwrites what is key material, and returns how much is done.
func (k *keyBlocks) next(text []byte, final bool) (done int) {
	for done < len(text) {
		n, inside := 0, k.inside
		if inside {
			n = k.step(text[done:])
		} else {
			n = k.search(text[done:])
		}
		if n == 0 && inside == k.inside {
			if !final {
				break
			}
			n = 1 // nothing comes after it that would make it special
		}
		done += n
	}
	return done
}

// search returns how much of text is before a block, or begins one, which it enters;
// 0 when text may begin one.
func (k *keyBlocks) search(text []byte) int {
	begin := bytes.Index(text, []byte(blockBegin[len(dashes):])) // dashes are in many logs
	if begin < 0 {
		return len(text) - startOf(blockBegin, text)
	}
	if !bytes.HasSuffix(text[:begin], []byte(dashes)) {
		return begin + 1
	}
	if begin -= len(dashes); begin > 0 {
		return begin
	}
	kind := text[len(blockBegin):min(len(text), len(blockBegin)+longestKind)]
	line, _, ends := bytes.Cut(kind, []byte("\n"))
	length := bytes.Index(line, []byte(dashes))
	switch {
	case length < 0 && !ends && len(kind) < longestKind:
		return 0
	case length < 0 || !bytes.Contains(line[:length], []byte("PRIVATE KEY")):
		return len(blockBegin)
	}
	*k = keyBlocks{tally: k.tally, material: k.material, inside: true}
	return len(blockBegin) + length + len(dashes)
}

// startOf is how much at the end of text is the start of mark.
func startOf(mark string, text []byte) int {
	for n := min(len(mark)-1, len(text)); n > 0; n-- {
		if string(text[len(text)-n:]) == mark[:n] {
			return n
		}
	}
	return 0
}

// step returns how much of text it is through with in a block, or leaves it; 0 when
// that depends on what comes next.
func (k *keyBlocks) step(text []byte) int {
	if text[0] == '-' {
		if v := begins(text, dashes); v != no {
			k.inside = v == maybe
			return 0
		}
	}
	if !k.material[text[0]] {
		k.word = 0
		return k.silence(1)
	}
	if !k.found {
		word := k.material.run(text[:min(len(text), shortestMaterial)])
		if word < shortestMaterial && word == len(text) {
			return 0
		}
		if word < shortestMaterial {
			return k.silence(word)
		}
		k.found = true
		k.tally.add(privateKey, 1)
	}
	text[0] = 'X'
	if k.word++; k.word < shortestMaterial {
		return k.silence(1)
	}
	k.quiet = 0
	return 1
}

// silence passes n bytes that are no key material.
func (k *keyBlocks) silence(n int) int {
	k.quiet += n
	k.inside = k.quiet <= longestQuiet
	return n
}

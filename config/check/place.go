// SPDX-License-Identifier: Apache-2.0

package check

import "github.com/cutwater-ci/cutwater/config/document"

// places knows where paths lead. Good configurations do not pay for it: files
// are read again when something is found in them.
type places struct {
	docs map[string]*document.Document
	// files are those of each part, the main one first.
	files map[Part][]string
}

func newPlaces(in Input) *places {
	p := &places{docs: map[string]*document.Document{}, files: map[Part][]string{
		ConfigFile: {in.Files.Config.Config}, PluginsFile: {in.Files.Plugins.Config},
	}}
	for _, shard := range in.Shards {
		name := shard.Document.File()
		p.docs[name] = shard.Document
		p.files[shard.Part] = append(p.files[shard.Part], name)
	}
	return p
}

// doc is a file, nil when it cannot be read.
func (p *places) doc(name string) *document.Document {
	doc, read := p.docs[name]
	if !read {
		doc, _ = document.Read(name)
		p.docs[name] = doc
	}
	return doc
}

// locate completes the place of a finding.
func (p *places) locate(f *Finding) {
	switch {
	case f.File == "" && f.part != 0:
		f.Position = p.search(f.part, f.Path)
	case f.File == "" || f.Line > 0 && f.Check == "":
		// Nowhere, or what loading found, which is at its place already.
	case f.Line > 0:
		if doc := p.doc(f.File); doc != nil {
			f.Position, f.Path = doc.LocateBelow(f.Position, f.Path)
		}
	case f.Path != "":
		if doc := p.doc(f.File); doc != nil {
			f.Position = doc.Locate(f.Path)
		}
	}
}

// search is the first file in which the path leads to its end, else as far as it leads in the main file.
func (p *places) search(part Part, path string) document.Position {
	for _, name := range p.files[part] {
		if doc := p.doc(name); doc != nil {
			if at, ok := doc.Find(path); ok {
				return at
			}
		}
	}
	main := p.files[part][0]
	if doc := p.doc(main); doc != nil && path != "" {
		return doc.Locate(path)
	}
	return document.Position{File: main}
}

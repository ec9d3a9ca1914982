// SPDX-License-Identifier: Apache-2.0

package document

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseAnyStyle reads all of YAML: anchors, merges, tags, complex keys, and
// scalars over lines. Merges act where they stand, as in YAML 1.1: a key after
// one overrides it, a key before one is overridden.
func parseAnyStyle(file, text string) (*Document, error) {
	var tree yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&tree); err != nil && err != io.EOF {
		return nil, parseProblem(file, err)
	}
	c := converter{file: file}
	if tree.Kind == 0 {
		c.nodes = append(c.nodes, node{kind: scalar, plain: true, line: 1})
		return &Document{file: file, nodes: c.nodes}, nil
	}
	if err := c.convert("", tree.Content[0], nil); err != nil {
		return nil, err
	}
	return &Document{file: file, nodes: c.nodes, second: secondDocument(decoder)}, nil
}

// secondDocument is the line of a document after the first, which nobody reads; 0 when there is none.
func secondDocument(decoder *yaml.Decoder) int {
	var tree yaml.Node
	if decoder.Decode(&tree) != nil || tree.Kind == 0 || tree.Content[0].Tag == "!!null" {
		return 0
	}
	return tree.Content[0].Line
}

// parseProblem gives the place that the YAML parser names a field of its own.
func parseProblem(file string, err error) Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	problem := Problem{Position: Position{File: file}}
	if found := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(message); found != nil {
		problem.Line, _ = strconv.Atoi(found[1])
		message = message[len(found[0]):]
	}
	problem.Message = "is not YAML: " + message
	return problem
}

// converter copies the YAML library's tree.
type converter struct {
	file  string
	nodes []node
	// inside are the aliases being expanded.
	inside []*yaml.Node
	// copied counts nodes that come from aliases.
	copied int
	depth  int
}

// maxNesting bounds how deep values are, aliases expanded: what goes through
// them afterwards must not run out of stack, which nothing could recover from.
const maxNesting = 1000

// maxCopied bounds what aliases expand to; it is far beyond what anchors save in real files.
const maxCopied = 1_000_000

func (c *converter) fail(at *yaml.Node, format string, args ...any) error {
	return Problem{Position: Position{File: c.file, Line: at.Line, Column: at.Column}, Message: fmt.Sprintf(format, args...)}
}

func (c *converter) convert(key string, n, keyNode *yaml.Node) error {
	if len(c.inside) > 0 {
		if c.copied++; c.copied > maxCopied {
			return c.fail(n, "aliases expand to more than %d values", maxCopied)
		}
	}
	if c.depth++; c.depth > maxNesting {
		return c.fail(n, "is nested deeper than %d", maxNesting)
	}
	defer func() { c.depth-- }()
	switch n.Kind {
	case yaml.AliasNode:
		return c.expand(n, func() error { return c.convert(key, n.Alias, keyNode) })
	case yaml.ScalarNode:
		plain := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
		if n.Style&yaml.TaggedStyle != 0 {
			plain = n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!bool" || n.Tag == "!!null"
		}
		c.add(node{key: key, kind: scalar, value: n.Value, plain: plain}, n, keyNode)
		return nil
	case yaml.SequenceNode:
		self := c.add(node{key: key, kind: sequence}, n, keyNode)
		var last int32
		for _, child := range n.Content {
			last = c.link(self, last)
			if err := c.convert("", child, nil); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		return c.convertMapping(key, n, keyNode)
	default:
		return c.fail(n, "holds something that is neither mapping, sequence nor scalar")
	}
}

// expand calls each while it guards against an alias inside itself.
func (c *converter) expand(n *yaml.Node, each func() error) error {
	if slices.Contains(c.inside, n.Alias) {
		return c.fail(n, "alias *%s contains itself", n.Value)
	}
	if len(c.inside) > maxDepth {
		return c.fail(n, "aliases are nested deeper than %d", maxDepth)
	}
	c.inside = append(c.inside, n.Alias)
	defer func() { c.inside = c.inside[:len(c.inside)-1] }()
	return each()
}

func (c *converter) add(n node, at, keyNode *yaml.Node) int32 {
	if keyNode != nil {
		at = keyNode
	}
	n.line, n.column = int32(min(at.Line, 1<<30)), columnAt(at.Column-1)
	c.nodes = append(c.nodes, n)
	return int32(len(c.nodes) - 1)
}

func (c *converter) link(parent, last int32) int32 {
	child := int32(len(c.nodes))
	c.nodes[parent].count++
	if last != 0 {
		c.nodes[last].next = child
	}
	return child
}

// entry is a key and value of a mapping with all merges done.
type entry struct {
	key     string
	keyNode *yaml.Node
	value   *yaml.Node
	// alias is the alias that the entry was merged from.
	alias []*yaml.Node
}

func (c *converter) convertMapping(key string, n, keyNode *yaml.Node) error {
	entries := &merged{at: map[string]int{}}
	if err := c.collect(n, nil, entries); err != nil {
		return err
	}
	self := c.add(node{key: key, kind: mapping}, n, keyNode)
	var last int32
	for _, e := range entries.entries {
		last = c.link(self, last)
		outside := len(c.inside)
		c.inside = append(c.inside, e.alias...)
		err := c.convert(e.key, e.value, e.keyNode)
		c.inside = c.inside[:outside]
		if err != nil {
			return err
		}
	}
	return nil
}

// collect puts the entries of a mapping, and of what it merges, into entries.
func (c *converter) collect(n *yaml.Node, alias []*yaml.Node, entries *merged) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if len(alias) > 0 {
			if c.copied++; c.copied > maxCopied {
				return c.fail(n, "aliases expand to more than %d values", maxCopied)
			}
		}
		name, value := n.Content[i], n.Content[i+1]
		if name.Kind == yaml.ScalarNode && name.Value == "<<" && (name.Style == 0 || name.Tag == "!!merge") {
			if err := c.merge(value, alias, entries); err != nil {
				return err
			}
			continue
		}
		key, err := c.keyOf(name)
		if err != nil {
			return err
		}
		entries.put(entry{key: key, keyNode: name, value: value, alias: alias})
	}
	return nil
}

// merged are the entries of a mapping in the order of their keys.
type merged struct {
	entries []entry
	at      map[string]int
}

// put adds an entry. Where merges are concerned it replaces the one that has
// the key; a key that is simply there twice stays, for the decoder to report.
func (m *merged) put(e entry) {
	i, twice := m.at[e.key]
	if twice && (len(e.alias) > 0 || len(m.entries[i].alias) > 0) {
		m.entries[i] = e
		return
	}
	m.at[e.key] = len(m.entries)
	m.entries = append(m.entries, e)
}

// merge puts the entries of one mapping, or of a list of them with the first strongest, into entries.
func (c *converter) merge(value *yaml.Node, alias []*yaml.Node, entries *merged) error {
	if c.copied++; c.copied > maxCopied || len(alias) > maxDepth {
		return c.fail(value, "merges are nested too deeply or expand to more than %d values", maxCopied)
	}
	switch {
	case value.Kind == yaml.AliasNode && value.Alias.Kind == yaml.MappingNode:
		if slices.Contains(alias, value.Alias) || slices.Contains(c.inside, value.Alias) {
			return c.fail(value, "alias *%s contains itself", value.Value)
		}
		return c.collect(value.Alias, append(slices.Clone(alias), value.Alias), entries)
	case value.Kind == yaml.MappingNode:
		return c.collect(value, append(slices.Clone(alias), value), entries)
	case value.Kind == yaml.SequenceNode:
		for _, each := range slices.Backward(value.Content) {
			if each.Kind == yaml.SequenceNode {
				return c.fail(each, "a merge needs a mapping or a list of mappings")
			}
			if err := c.merge(each, alias, entries); err != nil {
				return err
			}
		}
		return nil
	}
	return c.fail(value, "a merge needs a mapping or a list of mappings")
}

func (c *converter) keyOf(name *yaml.Node) (string, error) {
	for name.Kind == yaml.AliasNode {
		name = name.Alias
	}
	if name.Kind != yaml.ScalarNode {
		return "", c.fail(name, "a key must be a scalar")
	}
	if name.Style != 0 {
		return name.Value, nil
	}
	key, ok := resolvedKey(name.Value)
	if !ok {
		return "", c.fail(name, "a key must not be null")
	}
	return key, nil
}

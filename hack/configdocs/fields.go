// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// field is a field of a struct that has a key.
type field struct {
	key  string
	name string
	is   reflect.Type
	// owner is the struct, perhaps an embedded one, that declares it.
	owner reflect.Type
	depth int
}

// fieldsOf are the fields of a struct in its order, those of embedded structs
// included. Of equal keys the least deep one counts, as when files are read.
func fieldsOf(t reflect.Type) []field {
	var found []field
	at := map[string]int{}
	var collect func(t reflect.Type, depth int)
	collect = func(t reflect.Type, depth int) {
		for f := range t.Fields() {
			key, ok := keyOf(f)
			switch {
			case isEmbedded(f):
				collect(f.Type, depth+1)
			case !ok:
			default:
				each := field{key: key, name: f.Name, is: f.Type, owner: t, depth: depth}
				if i, twice := at[key]; !twice {
					at[key] = len(found)
					found = append(found, each)
				} else if depth < found[i].depth {
					found[i] = each
				}
			}
		}
	}
	collect(t, 0)
	return found
}

// isEmbedded reports whether the keys of a field are those of the struct around it.
func isEmbedded(f reflect.StructField) bool {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct
}

// keyOf is the key of a field, if it has one.
func keyOf(f reflect.StructField) (key string, ok bool) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if f.Tag.Get("json") == "-" || !f.IsExported() {
		return "", false
	}
	return or(name, f.Name), true
}

// goName is a word of a comment that may be the name of a field: not one of a
// template, in a path or in a piece of code.
func goName() *regexp.Regexp { return regexp.MustCompile("(^|[^.A-Za-z0-9/`-])([A-Z][A-Za-z0-9]*)\\b") }

// isProse reports whether a word of a sentence is what it says, although a field has it for a name.
func isProse(word string) bool {
	return slices.Contains([]string{"GitHub", "Gerrit", "Slack", "URL", "PipelineRunSpec"}, word)
}

// inKeys is a comment about a field of a type, with keys in the place of Go's
// names, each as wrap has it.
func (c *comments) inKeys(text string, of reflect.Type, wrap func(string) string) string {
	if _, ok := reflect.Zero(of).Interface().(swaggered); ok {
		return text // It has keys.
	}
	own := map[string]string{}
	if of.Kind() == reflect.Struct {
		for _, f := range fieldsOf(of) {
			own[f.name] = f.key
		}
	}
	return c.goName.ReplaceAllStringFunc(text, func(found string) string {
		parts := c.goName.FindStringSubmatch(found)
		before, word := parts[1], parts[2]
		key, ok := own[word]
		if !ok {
			key, ok = c.keys[word]
		}
		if subject := before == ""; !ok || isProse(word) && !subject {
			return found
		}
		return before + wrap(key)
	})
}

// description is what is said of a field, with keys as wrap has them: of the
// field itself, else of its type, else of the struct that it is in.
func (c *comments) description(f field, wrap func(string) string) string {
	if own := c.ofField(f.owner, f.name, f.key); own != "" {
		return c.inKeys(own, f.owner, wrap)
	}
	t := f.is
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if doc := c.ofType(t); doc != "" {
		name, rest, _ := strings.Cut(doc, " ")
		if name == t.Name() && f.is.Kind() != reflect.Slice {
			name = wrap(f.key)
		}
		return name + c.inKeys(" "+rest, t, wrap)
	}
	name, rest, _ := strings.Cut(c.ofType(f.owner), " ")
	return "Part of " + name + ", which" + c.inKeys(" "+rest, f.owner, wrap)
}

// SPDX-License-Identifier: Apache-2.0

package configdiff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// compare adds what differs between two trees at a path.
func compare(path string, before, after any, to *[]Field) {
	switch a := before.(type) {
	case map[string]any:
		if b, ok := after.(map[string]any); ok {
			for _, key := range either(a, b) {
				compare(below(path, key), a[key], b[key], to)
			}
			return
		}
	case keyed:
		if b, ok := after.(keyed); ok {
			compareKeyed(path, a, b, to)
			return
		}
	case []any:
		if b, ok := after.([]any); ok {
			compareLists(path, a, b, to)
			return
		}
	}
	a, isEmbedded := before.(embedded)
	b, alsoEmbedded := after.(embedded)
	switch {
	case isEmbedded && alsoEmbedded && a != b:
		compare(path, a.tree(), b.tree(), to)
	case !reflect.DeepEqual(before, after):
		*to = append(*to, Field{Path: path, Old: plain(before), New: plain(after)})
	}
}

func compareKeyed(path string, a, b keyed, to *[]Field) {
	for _, name := range either(a.items, b.items) {
		compare(path+"["+name+"]", a.items[name], b.items[name], to)
	}
	before, after := common(a, b), common(b, a)
	for len(before) > 0 && before[0] == after[0] {
		before, after = before[1:], after[1:]
	}
	for last := len(before) - 1; last >= 0 && before[last] == after[last]; last-- {
		before, after = before[:last], after[:last]
	}
	if len(before) > 0 {
		*to = append(*to, Field{Path: path + " (order)", Old: before, New: after})
	}
}

// common are the names that the other has, too, in the order of the list.
func common(k, other keyed) []string {
	var names []string
	for _, name := range *k.order {
		if _, both := other.items[name]; both {
			names = append(names, name)
		}
	}
	return names
}

// compareLists compares lists whose elements have no names. What stands in
// place of something else is compared with it.
func compareLists(path string, a, b []any, to *[]Field) {
	same := func(x, y any) bool { return reflect.DeepEqual(x, y) }
	for _, h := range Hunks(a, b, same) {
		for i := range max(len(h.Old), len(h.New)) {
			switch {
			case i >= len(h.New):
				*to = append(*to, Field{Path: fmt.Sprintf("%s[%d]", path, h.OldAt+i), Old: plain(h.Old[i])})
			case i >= len(h.Old):
				*to = append(*to, Field{Path: fmt.Sprintf("%s[%d]", path, h.NewAt+i), New: plain(h.New[i])})
			default:
				compare(fmt.Sprintf("%s[%d]", path, h.NewAt+i), h.Old[i], h.New[i], to)
			}
		}
	}
}

// either are the keys of both, sorted.
func either(a, b map[string]any) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// below is the path of a key.
func below(path, key string) string {
	switch {
	case strings.ContainsAny(key, "./[] "):
		return path + "[" + key + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// plain is a tree as JSON has it.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		made := make(map[string]any, len(v))
		for key, value := range v {
			made[key] = plain(value)
		}
		return made
	case keyed:
		made := make(map[string]any, len(v.items))
		for key, value := range v.items {
			made[key] = plain(value)
		}
		return made
	case []any:
		made := make([]any, len(v))
		for i, each := range v {
			made[i] = plain(each)
		}
		return made
	case embedded:
		return v.text
	}
	return v
}

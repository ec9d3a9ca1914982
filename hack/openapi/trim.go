// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// prose are the keys that say nothing a validator needs.
func prose() []string {
	return []string{
		"description", "summary", "externalDocs", "examples", "example", "tags", "x-github", "title",
		"x-github-breaking-changes", "tsAdditionalProperties", "tsType", "x-multi-segment", "deprecated", "$schema",
	}
}

// prune returns the value without prose. The key is what holds the value: what is
// held under a name of somebody's choice is kept whatever it is called.
func prune(value any, key string) any {
	switch v := value.(type) {
	case map[string]any:
		chosen := slices.Contains([]string{"properties", "patternProperties", "definitions", "schemas", "responses", "parameters", "headers"}, key)
		out := map[string]any{}
		for k, inner := range v {
			switch {
			case chosen && key == "responses":
				out[k] = pruneResponse(inner)
			case chosen:
				out[k] = prune(inner, "")
			case !slices.Contains(prose(), k):
				out[k] = prune(inner, k)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = prune(inner, "")
		}
		return out
	}
	return value
}

// pruneResponse keeps an empty description, which OpenAPI demands of a response.
func pruneResponse(value any) any {
	out := prune(value, "")
	if m, ok := out.(map[string]any); ok && m["$ref"] == nil {
		m["description"] = ""
	}
	return out
}

// follow copies what value refers to, directly or not, from document to kept, at
// the same place.
func follow(value, document any, kept map[string]any) error {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			if err := follow(inner, document, kept); err != nil {
				return err
			}
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			if err := fetch(ref, document, kept); err != nil {
				return err
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := follow(v[key], document, kept); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch copies the target of one reference unless it is there already.
func fetch(ref string, document any, kept map[string]any) error {
	path := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	into := kept
	for _, step := range path[:len(path)-1] {
		next, _ := into[step].(map[string]any)
		if next == nil {
			next = map[string]any{}
			into[step] = next
		}
		into = next
	}
	last := path[len(path)-1]
	if _, done := into[last]; done {
		return nil
	}
	target := at(document, path...)
	if target == nil {
		return fmt.Errorf("%s leads nowhere", ref)
	}
	pruned := prune(target, "")
	if path[len(path)-2] == "responses" {
		pruned = pruneResponse(target)
	}
	into[last] = pruned
	return follow(pruned, document, kept)
}

// at returns what is found along the keys, or nil.
func at(value any, keys ...string) any {
	for _, key := range keys {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[key]
	}
	return value
}

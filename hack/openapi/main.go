// SPDX-License-Identifier: Apache-2.0

// Openapi cuts GitHub's published descriptions down to what our fake of
// GitHub is checked against: the operations in operations.txt and the webhooks
// in events.txt, with everything they refer to and without prose.
//
// It is started by generate.sh, which says where the inputs come from, and
// writes into internal/github/githubtest/openapi.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	description := flag.String("description", "", "api.github.com.json of @octokit/openapi")
	schemas := flag.String("schemas", "", "schema.json of @octokit/webhooks-schemas")
	examples := flag.String("examples", "", "api.github.com/index.json of @octokit/webhooks-examples")
	lists := flag.String("lists", ".", "folder of operations.txt and events.txt")
	out := flag.String("out", "", "folder to write to")
	flag.Parse()
	if err := run(*description, *schemas, *examples, *lists, *out); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(description, schemas, examples, lists, out string) error {
	operations, err := lines(filepath.Join(lists, "operations.txt"))
	if err != nil {
		return err
	}
	events, err := lines(filepath.Join(lists, "events.txt"))
	if err != nil {
		return err
	}
	for _, job := range []struct {
		in, out string
		trim    func(any, [][]string) (any, error)
		keep    [][]string
	}{
		{description, "api.github.com.json.gz", trimDescription, operations},
		{schemas, "webhooks-schema.json.gz", trimSchemas, events},
		{examples, "webhooks-examples.json.gz", trimExamples, events},
	} {
		var document any
		data, err := os.ReadFile(job.in)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &document); err != nil {
			return fmt.Errorf("reading %s: %w", job.in, err)
		}
		trimmed, err := job.trim(document, job.keep)
		if err != nil {
			return fmt.Errorf("trimming %s: %w", job.in, err)
		}
		if err := write(filepath.Join(out, job.out), trimmed); err != nil {
			return err
		}
	}
	return nil
}

// lines returns the words of each line.
func lines(file string) ([][]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all [][]string
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); len(words) > 0 {
			all = append(all, words)
		}
	}
	return all, nil
}

// write writes compact JSON, compressed so that the same input gives the same bytes.
func write(file string, document any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	fmt.Printf("%s: %d KiB, %d KiB compressed\n", filepath.Base(file), len(data)>>10, b.Len()>>10)
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// trimDescription keeps the operations and the components they refer to.
func trimDescription(document any, operations [][]string) (any, error) {
	all, _ := at(document, "paths").(map[string]any)
	paths := map[string]any{}
	for _, operation := range operations {
		method, path := strings.ToLower(operation[0]), operation[1]
		found, ok := at(all, path, method).(map[string]any)
		if !ok {
			return nil, fmt.Errorf("GitHub describes no operation %s %s", operation[0], path)
		}
		item, _ := paths[path].(map[string]any)
		if item == nil {
			item = map[string]any{}
			paths[path] = item
		}
		item[method] = prune(found, "")
	}
	components := map[string]any{}
	if err := follow(paths, document, components); err != nil {
		return nil, err
	}
	return map[string]any{
		"openapi": "3.0.3",
		"info":    map[string]any{"title": "GitHub v3 REST API, trimmed", "version": at(document, "info", "version")},
		"servers": at(document, "servers"),
		"paths":   paths, "components": components["components"],
	}, nil
}

// trimSchemas keeps the definitions of the events and what they refer to.
func trimSchemas(document any, events [][]string) (any, error) {
	roots := map[string]any{}
	for _, event := range events {
		actions := event[1:]
		if len(actions) == 0 {
			actions = []string{"event"}
		}
		for _, action := range actions {
			name := event[0] + "$" + action
			definition, ok := at(document, "definitions", name).(map[string]any)
			if !ok {
				return nil, fmt.Errorf("there is no schema %s", name)
			}
			roots[name] = prune(definition, "")
		}
	}
	kept := map[string]any{"definitions": roots}
	if err := follow(roots, document, kept); err != nil {
		return nil, err
	}
	kept["$schema"] = "http://json-schema.org/draft-07/schema"
	return kept, nil
}

// trimExamples keeps the examples of the events.
func trimExamples(document any, events [][]string) (any, error) {
	kept := map[string]any{}
	list, _ := document.([]any)
	for _, event := range events {
		i := slices.IndexFunc(list, func(e any) bool { return at(e, "name") == event[0] })
		if i < 0 {
			return nil, fmt.Errorf("there are no examples of %s", event[0])
		}
		kept[event[0]] = at(list[i], "examples")
	}
	return kept, nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"testing"
)

func TestTrimDescription(t *testing.T) {
	var document any
	err := json.Unmarshal([]byte(`{
		"openapi": "3.0.3", "info": {"version": "1"}, "servers": [],
		"paths": {
			"/kept": {
				"get": {"summary": "prose", "responses": {"200": {"description": "prose", "content": {"a": {"schema": {"$ref": "#/components/schemas/one"}}}}}},
				"put": {}
			},
			"/dropped": {"get": {}}
		},
		"components": {"schemas": {
			"one": {"title": "prose", "properties": {"description": {"type": "string"}, "two": {"$ref": "#/components/schemas/two"}}},
			"two": {"description": "prose", "properties": {"one": {"$ref": "#/components/schemas/one"}}},
			"three": {}
		}}
	}`), &document)
	if err != nil {
		t.Fatal(err)
	}
	trimmed, err := trimDescription(document, [][]string{{"GET", "/kept"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(trimmed)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"components":{"schemas":{` +
		`"one":{"properties":{"description":{"type":"string"},"two":{"$ref":"#/components/schemas/two"}}},` +
		`"two":{"properties":{"one":{"$ref":"#/components/schemas/one"}}}}},` +
		`"info":{"title":"GitHub v3 REST API, trimmed","version":"1"},"openapi":"3.0.3",` +
		`"paths":{"/kept":{"get":{"responses":{"200":{"content":{"a":{"schema":{"$ref":"#/components/schemas/one"}}},"description":""}}}}},` +
		`"servers":[]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := trimDescription(document, [][]string{{"POST", "/kept"}}); err == nil {
		t.Error("an operation that is not there was kept")
	}
}

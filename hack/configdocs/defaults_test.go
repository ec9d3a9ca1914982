// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// What a key is without being given, the page says: what empty files mean is
// compared with the column of defaults.
func TestDefaultsAreAsThePageSays(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(empty, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(t.Context(), config.Files{Config: empty})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plugins.Load(t.Context(), plugins.Files{Config: empty})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	w := newWriter(built(t))
	for _, top := range []any{c, p} {
		settled(reflect.ValueOf(top).Elem(), "", func(f field, path, value string) {
			checked++
			stated := strings.Trim(strings.ReplaceAll(w.defaultIn(w.description(f, quoted)), "`", ""), `"`)
			if !sameDefault(stated, value) {
				t.Errorf("%s is %s when unset, and the page says %q", path, value, stated)
			}
		})
	}
	if checked < 25 {
		t.Errorf("looked at %d defaults only", checked)
	}
}

// settled calls each with every scalar in a struct, and in structs in it, that has a value.
func settled(v reflect.Value, path string, each func(f field, path, value string)) {
	for _, f := range fieldsOf(v.Type()) {
		value, below := reflect.Indirect(v.FieldByName(f.name)), strings.TrimPrefix(path+"."+f.key, ".")
		if !value.IsValid() || value.IsZero() {
			continue
		}
		switch of := value.Interface().(type) {
		case prowv1.Duration:
			each(f, below, of.String())
		default:
			switch value.Kind() {
			case reflect.Struct:
				settled(value, below, each)
			case reflect.Map, reflect.Slice: // The page says it in words.
			default:
				each(f, below, fmt.Sprint(of))
			}
		}
	}
}

// sameDefault compares "24h" with 24h0m0s, and 100e6 with 100000000. Where
// the default is another key's value, or is explained, it cannot.
func sameDefault(stated, value string) bool {
	if stated == value {
		return true
	}
	var d prowv1.Duration
	if err := d.UnmarshalJSON([]byte(strconv.Quote(stated))); err == nil {
		return d.String() == value
	}
	if f, err := strconv.ParseFloat(stated, 64); err == nil {
		return fmt.Sprint(int64(f)) == value
	}
	return strings.ContainsAny(stated, "_ ")
}

// SPDX-License-Identifier: Apache-2.0

// Package objects reads Kubernetes manifests as they stand, changes what a test
// cluster wants otherwise, and applies them, as `kubectl apply --server-side`
// would: nothing here depends on kubectl.
//
// Started by test/cluster. Changes the cluster that it is given.
package objects

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Object is a Kubernetes object of any kind.
type Object = unstructured.Unstructured

// Read returns the objects of a YAML stream.
func Read(stream []byte) ([]*Object, error) {
	var found []*Object
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for n := 1; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		object := &Object{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if len(object.Object) == 0 { // a comment alone
			continue
		}
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			return nil, fmt.Errorf("document %d has no apiVersion, kind or name", n)
		}
		found = append(found, object)
	}
}

// ReadFolder returns the objects of all *.yaml files of a folder and those below.
func ReadFolder(fsys fs.FS, dir string) ([]*Object, error) {
	var found []*Object
	err := fs.WalkDir(fsys, dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		content, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		objects, err := Read(content)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, objects...)
		return nil
	})
	return found, err
}

// Images gives each program that an object names as ko does, by its import path
// after "ko://", the image that references has for it.
func Images(objects []*Object, references map[string]string) error {
	program := regexp.MustCompile(`^ko://(\S+)$`)
	var missing []error
	for _, object := range objects {
		object.Object, _ = replace(object.Object, func(s string) string {
			found := program.FindStringSubmatch(s)
			if found == nil {
				return s
			}
			reference, ok := references[found[1]]
			if !ok {
				missing = append(missing, fmt.Errorf("%s %s names the image of %s, which there is not", object.GetKind(), object.GetName(), found[1]))
				return s
			}
			return reference
		}).(map[string]any)
	}
	return errors.Join(missing...)
}

// replace applies change to each string of a document.
func replace(value any, change func(string) string) any {
	switch v := value.(type) {
	case string:
		return change(v)
	case []any:
		for n := range v {
			v[n] = replace(v[n], change)
		}
	case map[string]any:
		for name := range v {
			v[name] = replace(v[name], change)
		}
	}
	return value
}

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
	"slices"
	"strings"

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

// scheme is what ko's names of programs begin with.
const scheme = "ko://"

func programName() *regexp.Regexp { return regexp.MustCompile(scheme + `[\w./-]+`) }

// Images puts images in place of programs: wherever an object says "ko://" and
// the import path of a program, as ko has it, comes the image that references has
// for that path.
func Images(objects []*Object, references map[string]string) error {
	program := programName()
	var missing []error
	for _, object := range objects {
		object.Object, _ = replace(object.Object, func(s string) string {
			return program.ReplaceAllStringFunc(s, func(found string) string {
				path := strings.TrimPrefix(found, scheme)
				reference, ok := references[path]
				if !ok {
					missing = append(missing, fmt.Errorf("%s %s names the image of %s, which there is not", object.GetKind(), object.GetName(), path))
					return found
				}
				return reference
			})
		}).(map[string]any)
	}
	return errors.Join(missing...)
}

// Programs are the import paths that Images would look for.
func Programs(objects []*Object) []string {
	program := programName()
	var found []string
	for _, object := range objects {
		replace(object.DeepCopy().Object, func(s string) string {
			for _, name := range program.FindAllString(s, -1) {
				found = append(found, strings.TrimPrefix(name, scheme))
			}
			return s
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
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

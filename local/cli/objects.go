// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/makejob"
	"github.com/cutwater-ci/cutwater/local/up"
)

// objects are the keys of secrets and config maps by their names.
type objects map[makejob.Kind]map[string]map[string][]byte

// readObjects reads what --secret and --config-map name.
func readObjects(secrets, configMaps []string) (objects, error) {
	all := objects{makejob.Secret: {}, makejob.ConfigMap: {}}
	for _, of := range []struct {
		kind  makejob.Kind
		given []string
	}{{makejob.Secret, secrets}, {makejob.ConfigMap, configMaps}} {
		for _, given := range of.given {
			if err := all.read(of.kind, given); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// flagOf is the flag that gives an object.
func flagOf(kind makejob.Kind) string {
	if kind == makejob.Secret {
		return "--secret"
	}
	return "--config-map"
}

// read reads NAME=PATH: a file is a key of its name, a folder has one in each
// file. Given again, the object gets more keys.
func (o objects) read(kind makejob.Kind, given string) error {
	flag := flagOf(kind)
	name, path, ok := strings.Cut(given, "=")
	if !ok || name == "" || path == "" {
		return fmt.Errorf("%s %q: want NAME=DIR or NAME=FILE", flag, given)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = filesIn(path); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	keys := o[kind][name]
	if keys == nil {
		keys = map[string][]byte{}
		o[kind][name] = keys
	}
	for _, file := range files {
		if keys[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	return nil
}

// filesIn are the files of a folder; those of folders in it are not.
func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		file := filepath.Join(dir, entry.Name())
		info, err := os.Stat(file) // links are followed
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil && info.Mode().IsRegular() {
			files = append(files, file)
		}
	}
	return files, nil
}

// lacking is an error with everything that is needed and not given, each with
// what needs it and how to give it.
func (o objects) lacking(needs []makejob.Need) error {
	type missing struct {
		kind      makejob.Kind
		name, key string
	}
	var order []missing
	of := map[missing][]string{}
	for _, need := range needs {
		m := missing{need.Kind, need.Name, need.Key}
		keys, given := o[need.Kind][need.Name]
		if _, has := keys[need.Key]; given && (has || need.Key == "") {
			continue
		}
		if !given {
			m.key = ""
		}
		if of[m] == nil {
			order = append(order, m)
		}
		if !slices.Contains(of[m], need.For) {
			of[m] = append(of[m], need.For)
		}
	}
	var errs []error
	for _, m := range order {
		what := fmt.Sprintf("the %s %s", m.kind, m.name)
		if m.key != "" {
			what = fmt.Sprintf("the key %s of %s", m.key, what)
		}
		how := fmt.Sprintf("give %s %s=PATH, a folder with a file for each key, or the file of one", flagOf(m.kind), m.name)
		errs = append(errs, fmt.Errorf("the job needs %s, for %s: %s", what, strings.Join(of[m], " and "), how))
	}
	return errors.Join(errs...)
}

// hasSecret reports whether a secret was given.
func (o objects) hasSecret(name string) bool { return o[makejob.Secret][name] != nil }

// without are the names of the secrets among the needs that were not given.
func (o objects) without(needs []makejob.Need) []string {
	var names []string
	for _, need := range needs {
		if told := need.Name + " (" + need.For + ")"; !o.hasSecret(need.Name) && !slices.Contains(names, told) {
			names = append(names, told)
		}
	}
	return names
}

// given are the needs whose secret was given.
func (o objects) given(needs []makejob.Need) []makejob.Need {
	return slices.DeleteFunc(slices.Clone(needs), func(n makejob.Need) bool { return !o.hasSecret(n.Name) })
}

// create makes the objects on a machine.
func (o objects) create(ctx context.Context, m *up.Machine, namespace string) error {
	for _, name := range slices.Sorted(maps.Keys(o[makejob.Secret])) {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: o[makejob.Secret][name]}
		if _, err := m.Kube.CoreV1().Secrets(namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the secret %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o[makejob.ConfigMap])) {
		c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, BinaryData: o[makejob.ConfigMap][name]}
		if _, err := m.Kube.CoreV1().ConfigMaps(namespace).Create(ctx, c, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the config map %s: %w", name, err)
		}
	}
	return nil
}

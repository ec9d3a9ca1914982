// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	documents "github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// stricter are the real files that the schema has something against and the
// reader has not, with the reason.
func stricter() map[string]string {
	return map[string]string{
		"k8s-test-infra/jobs/kubernetes-sigs/sig-storage-local-static-provisioner/sig-storage-local-static-provisioner.yaml": "NAME is read as name",
		"negative/cases/bad_path_strategy/config.yaml": "path_strategy is checked when all is read",
	}
}

// goldenSchema is the schema of a file of the goldens; "" for files that are no configuration.
func goldenSchema(name string) string {
	base := filepath.Base(name)
	switch {
	case !documents.IsYAML(base):
		return ""
	case strings.HasSuffix(base, "_prowconfig.yaml"), base == "config.yaml", base == "config-defaulted.yaml":
		return "config.json"
	case strings.HasSuffix(base, "_pluginconfig.yaml"), base == "plugins.yaml", base == "plugins-defaulted.yaml":
		return "plugins.json"
	case strings.Contains(name, "/inrepo/"):
		return "prow.json"
	case strings.Contains(name, "/jobs/"), strings.Contains(name, "/cases/"):
		return "jobs.json"
	default:
		return ""
	}
}

// The schemas have something against a real file exactly where there is a key
// that is not known or a value of the wrong type when it is read.
func TestGoldenConfigurations(t *testing.T) {
	root := goldens.Dir(t)
	schemas, decoder := compile(t), newDecoder()
	good, bad, accepted := map[string]int{}, 0, stricter()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		schema := goldenSchema(name)
		if err != nil || entry.IsDir() || schema == "" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		wrong := misread(t, decoder, schema, name, string(text))
		invalid := schemas.validate(t, schema, name, string(text))
		relative, err := filepath.Rel(root, name)
		_, isAccepted := accepted[filepath.ToSlash(relative)]
		delete(accepted, filepath.ToSlash(relative))
		switch {
		case err != nil:
			return err
		case wrong == "" && invalid == nil:
			good[schema]++
			if isAccepted {
				t.Errorf("%s needs no exception", relative)
			}
		case wrong != "" && invalid != nil:
			bad++
		case wrong == "" && !isAccepted:
			t.Errorf("%s is read without a word, and is not as %s says: %v", relative, schema, invalid)
		case wrong != "":
			t.Errorf("%s is as %s says, but when it is read: %s", relative, schema, wrong)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for relative := range accepted {
		t.Errorf("%s has an exception and is not there", relative)
	}
	t.Logf("good files: %v, bad ones: %d", good, bad)
	if good["config.json"] < 60 || good["plugins.json"] < 20 || good["jobs.json"] < 500 || good["prow.json"] < 2 || bad < 5 {
		t.Errorf("looked at too few files: %v good, %d bad", good, bad)
	}
}

// misread is the first thing that is wrong with a file when it is read; "" when nothing is.
func misread(t *testing.T, decoder *documents.Decoder, schema, name, text string) string {
	t.Helper()
	doc, err := documents.Parse(name, text)
	if err != nil {
		return err.Error()
	}
	for _, d := range all() {
		if d.schema != schema {
			continue
		}
		result := decoder.Decode(doc, d.empty())
		for _, problem := range result.Errors {
			return problem.Error()
		}
		for _, problem := range result.Warnings {
			if problem.Kind == documents.UnknownKey {
				return problem.Error()
			}
		}
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package up

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config"
	located "github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// checkConfiguration finds everything that is wrong with the user's files,
// before anything is started with them.
func (o *Options) checkConfiguration(ctx context.Context) error {
	var errs []error
	if o.Config != "" || o.Jobs != "" {
		errs = append(errs, o.checkConfig(ctx))
	}
	if o.Plugins != "" {
		_, err := plugins.Load(ctx, plugins.Files{Config: o.Plugins})
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the configuration is wrong:\n%w", err)
	}
	return nil
}

// checkConfig loads config.yaml as the parts will: fitted to this machine, which
// adds what the user's own may lack. What is wrong is said of the user's file.
func (o *Options) checkConfig(ctx context.Context) error {
	own := func() error {
		if o.Config == "" {
			return nil
		}
		_, err := config.Load(ctx, config.Files{Config: o.Config, Jobs: o.Jobs})
		return err
	}
	read, err := readDocument(o.Config)
	if err != nil {
		return cmp.Or(own(), err) // it says the line
	}
	dir, err := os.MkdirTemp("", "cutwater-config-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fitted := filepath.Join(dir, "config.yaml")
	content, err := yaml.Marshal(localConfig(read, "file:///bucket", "http://127.0.0.1"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(fitted, content, 0o600); err != nil {
		return err
	}
	_, err = config.Load(ctx, config.Files{Config: fitted, Jobs: o.Jobs})
	return inOwnFile(err, own)
}

// inOwnFile is err with the places that the same problems have in the user's file.
func inOwnFile(err error, own func() error) error {
	var fitted, found located.Problems
	if !errors.As(err, &fitted) || !errors.As(own(), &found) {
		return err
	}
	has := func(problems located.Problems, one located.Problem) bool {
		return slices.ContainsFunc(problems, func(p located.Problem) bool { return p.Message == one.Message })
	}
	var told located.Problems
	for _, p := range found {
		if has(fitted, p) { // else fitting mended it
			told = append(told, p)
		}
	}
	for _, p := range fitted {
		if !has(found, p) {
			told = append(told, p)
		}
	}
	return told.Err()
}

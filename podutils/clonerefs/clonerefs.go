// SPDX-License-Identifier: Apache-2.0

// Package clonerefs clones the repositories of a job, with its pull requests
// merged into their bases, and records every command with what it printed.
//
// Started by: the first init container of a decorated pod. Changes: the code
// folder and the clone log; the exit code says nothing of failed clones, which
// initupload reports. Config: CLONEREFS_OPTIONS. In Prow: clonerefs.
package clonerefs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// Sleep waits for d, or returns ctx's error when that ends before.
type Sleep func(ctx context.Context, d time.Duration) error

// Run clones everything and writes the log. Clones that fail are an error only
// when the options ask for it.
func Run(ctx context.Context, o *options.Clone, sleep Sleep, log *slog.Logger) error {
	if err := validate(o, log); err != nil {
		return fmt.Errorf("invalid options: %w", err)
	}
	records := cloneAll(ctx, o, sleep, log)
	data, err := json.Marshal(records)
	if err != nil {
		return fmt.Errorf("writing clone records: %w", err)
	}
	if err := os.WriteFile(o.Log, data, 0o755); err != nil { // for initupload, whoever it runs as
		return fmt.Errorf("writing clone records: %w", err)
	}
	failed := 0
	var explanations []string
	for i := range records {
		if !records[i].Failed {
			continue
		}
		failed++
		if text := records[i].Explanation; text != "" {
			explanations = append(explanations, text)
		}
	}
	if o.Fail && failed > 0 {
		return fmt.Errorf("%d clone records failed: %s", failed, cmp.Or(strings.Join(explanations, " "), "the log says why"))
	}
	return context.Cause(ctx)
}

// cloneAll returns the record of the environment's setup and then, as they come
// to their end, those of the refs.
func cloneAll(ctx context.Context, o *options.Clone, sleep Sleep, log *slog.Logger) []layout.CloneRecord {
	setup := &setup{log: log}
	defer setup.undo()
	cloner, err := setup.run(ctx, o, sleep)
	if err != nil {
		log.Error("Cannot prepare to clone", "error", err)
		setup.record.Failed = true
		return []layout.CloneRecord{setup.record}
	}
	workers := o.MaxParallelWorkers
	if workers <= 0 || workers > len(o.Refs) {
		workers = len(o.Refs)
	}
	input := make(chan prowv1.Refs)
	output := make(chan layout.CloneRecord)
	for range workers {
		go func() {
			for refs := range input {
				output <- cloner.clone(ctx, refs)
			}
		}()
	}
	go func() {
		defer close(input)
		for _, refs := range o.Refs {
			input <- refs
		}
	}()
	records := []layout.CloneRecord{setup.record}
	for range o.Refs {
		records = append(records, <-output)
	}
	return records
}

// validate reports options that do not fit together, and logs those that are odd.
func validate(o *options.Clone, log *slog.Logger) error {
	switch {
	case o.SrcRoot == "":
		return errors.New("no src_root: name the folder to clone below")
	case o.Log == "":
		return errors.New("no log: name the file for the records")
	case len(o.Refs) == 0:
		return errors.New("no refs: nothing to clone")
	case o.OauthTokenFile != "" && o.GitHubAppID != "":
		return errors.New("an OAuth token and a GitHub App exclude each other")
	case (o.GitHubAppID == "") != (o.GitHubAppPrivateKeyFile == ""):
		return errors.New("a GitHub App needs both its ID and its private key")
	case o.GitHubAppID != "" && len(o.GitHubAPIEndpoints) == 0:
		return errors.New("a GitHub App needs an API endpoint")
	}
	places := map[string]string{}
	for i := range o.Refs {
		place, name := layout.ClonePath(o.SrcRoot, o.Refs[i]), o.Refs[i].OrgRepo()
		if other, ok := places[place]; ok && other == name {
			return fmt.Errorf("sync config for %s is given twice", name)
		} else if ok {
			log.Warn("Two repositories are cloned to one place", "path", place, "repo", name, "other", other)
		}
		places[place] = name
	}
	return nil
}

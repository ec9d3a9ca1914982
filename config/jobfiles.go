// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// findJobs returns the job files. Base names must be unique in the tree, since
// they become the keys of ConfigMaps.
func (l *loader) findJobs(root string) []string {
	if root == "" {
		return nil
	}
	files, err := document.Find(root, document.IsYAML)
	if err != nil {
		l.errors.Add(root, err)
		return nil
	}
	first := map[string]string{}
	for _, file := range files {
		base := filepath.Base(file)
		if other, twice := first[base]; twice {
			l.errors = append(l.errors, document.Problem{
				Position: document.Position{File: file}, Message: fmt.Sprintf("has the same base name as %s", other),
			})
			continue
		}
		first[base] = file
	}
	return files
}

// readJobs reads job files, on all processors, the large ones first.
func (l *loader) readJobs(ctx context.Context, files []string) []*jobs.File {
	parsed := make([]*jobs.File, len(files))
	results := make([]document.Result, len(files))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			reader := &document.Reader{Share: true} // A configuration is immutable.
			for i := range next {
				parsed[i], results[i] = l.readJobFile(reader, files[i])
			}
		})
	}
	for _, i := range largestFirst(files) {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	for _, r := range results {
		l.take(r)
	}
	return slices.DeleteFunc(parsed, func(f *jobs.File) bool { return f == nil })
}

func (l *loader) readJobFile(reader *document.Reader, name string) (file *jobs.File, result document.Result) {
	failed := func(err error) {
		var problems document.Problems
		problems.Add(name, err)
		file, result = nil, document.Result{Errors: problems}
	}
	defer func() { // Whoever recovers around Load is on another goroutine.
		if r := recover(); r != nil {
			failed(fmt.Errorf("panic: %v", r))
		}
	}()
	doc, err := reader.Read(name)
	if err != nil {
		failed(err)
		return file, result
	}
	file = &jobs.File{}
	result = l.decoder.Decode(doc, file)
	if file.DecorateAllJobs {
		path := "decorate_all_jobs"
		result.Warnings = append(result.Warnings, document.Problem{Position: doc.Locate(path), Path: path, Message: "counts in config.yaml only"})
	}
	return file, result
}

func largestFirst(files []string) []int {
	order, sizes := make([]int, len(files)), make([]int64, len(files))
	for i, file := range files {
		order[i] = i
		if info, err := os.Stat(file); err == nil {
			sizes[i] = info.Size()
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(sizes[b] - sizes[a]) })
	return order
}

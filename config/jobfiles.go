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
func (l *loading) findJobs(root string) []string {
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

// jobFile is a job file as it was read.
type jobFile struct {
	name string
	sum  document.Sum
	// values is how many are written in it.
	values int
	// jobs is nil when the file cannot be read.
	jobs *jobs.File
	// finished is whether the jobs have their defaults.
	finished bool
	// bad is whether something is wrong, also where another file's errors say so.
	bad bool
	// errors and warnings are what is odd about the file by itself.
	errors, warnings document.Problems
}

// readJobs reads job files, but those that are kept, on all processors, the
// large ones first. It stops when ctx ends.
func (l *loader) readJobs(ctx context.Context, names []string) []*jobFile {
	files := make([]*jobFile, len(names))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		workers.Go(func() {
			reader := &document.Reader{Share: true} // A configuration is immutable.
			for i := range next {
				files[i] = l.readJobFile(reader, names[i])
			}
		})
	}
	for _, i := range l.largestFirst(names) {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	files = slices.DeleteFunc(files, func(f *jobFile) bool { return f == nil })
	if unfinished(files) > manyValues { // What now follows goes where their texts were, and not beside them.
		runtime.GC()
	}
	return files
}

// manyValues are those of some thousand jobs. To read them leaves behind more memory than it fills.
const manyValues = 100_000

// unfinished is how many values are in files that were read just now.
func unfinished(files []*jobFile) int {
	values := 0
	for _, file := range files {
		if !file.finished {
			values += file.values
		}
	}
	return values
}

func (l *loader) readJobFile(reader *document.Reader, name string) (file *jobFile) {
	failed := func(err error) *jobFile {
		file := &jobFile{name: name, bad: true}
		file.errors.Add(name, err)
		return file
	}
	defer func() { // Whoever recovers around a load is on another goroutine.
		if r := recover(); r != nil {
			file = failed(fmt.Errorf("panic: %v", r))
		}
	}()
	if kept := l.kept[name]; kept != nil {
		if sum, err := reader.Sum(name); err == nil && sum == kept.sum {
			return kept
		}
	}
	doc, err := reader.Read(name)
	if err != nil {
		return failed(err)
	}
	file = &jobFile{name: name, sum: doc.Sum(), values: doc.Size(), jobs: &jobs.File{}}
	result := l.decoder.Decode(doc, file.jobs)
	file.errors, file.warnings, file.bad = result.Errors, result.Warnings, len(result.Errors) > 0
	if file.jobs.DecorateAllJobs {
		path := "decorate_all_jobs"
		file.warnings = append(file.warnings, document.Problem{Position: doc.Locate(path), Path: path, Message: "counts in config.yaml only"})
	}
	return file
}

// assemble finishes the files that are not, and makes one set of jobs of all.
func (l *loading) assemble(c *Config, own *jobs.File, files []*jobFile) *jobs.Jobs {
	all := contents(own, files)
	fresh, byName := []*jobs.File{own}, map[string]*jobFile{}
	for _, file := range files {
		if file.jobs != nil && !file.finished {
			file.finished = true
			fresh = append(fresh, file.jobs)
			byName[file.name] = file
		}
	}
	places := places{}
	for _, invalid := range jobs.Finish(fresh, jobs.Presets(all), c.jobSettings()) {
		errors, warnings := &l.errors, &l.warnings
		if file := byName[invalid.Source.File]; file != nil {
			errors, warnings = &file.errors, &file.warnings
			file.bad = file.bad || !invalid.Warning
		}
		switch {
		case invalid.Again:
		case invalid.Warning:
			*warnings = append(*warnings, places.problem(invalid))
		default:
			*errors = append(*errors, places.problem(invalid))
		}
	}
	together, wrong := jobs.Assemble(all)
	for _, invalid := range wrong {
		l.errors = append(l.errors, places.problem(invalid))
	}
	return together
}

// places finds the places of what is wrong with jobs. It reads their files again,
// since good configurations shall not pay for keeping them.
type places map[string]*document.Document

func (p places) problem(invalid jobs.Invalid) document.Problem {
	problem := invalid.Problem()
	doc, read := p[problem.File]
	if !read {
		doc, _ = document.Read(problem.File)
		p[problem.File] = doc
	}
	if doc != nil {
		problem.Position, problem.Path = doc.LocateBelow(problem.Position, problem.Path)
	}
	return problem
}

// largestFirst is an order of files: new ones by size, and then those that are kept, most of which have not changed.
func (l *loader) largestFirst(names []string) []int {
	order, sizes := make([]int, len(names)), make([]int64, len(names))
	for i, name := range names {
		order[i] = i
		if l.kept[name] != nil {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			sizes[i] = info.Size()
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(sizes[b] - sizes[a]) })
	return order
}

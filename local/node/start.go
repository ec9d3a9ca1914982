// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/cgroup"
	"github.com/cutwater-ci/cutwater/local/node/logs"
	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// A configError is a pod's reference to something that is not there, or not
// yet.
type configError struct{ err error }

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

// reasonOf is the reason kubelet gives for an error of starting a container.
func reasonOf(err error) string {
	var config *configError
	var start *sandbox.StartError
	switch {
	case errors.As(err, &config):
		return reasonConfigError
	case errors.As(err, &start):
		return reasonCannotRun
	}
	return reasonCreateError
}

// startCode is the exit code of a command that could not be executed.
func startCode(err error) int32 {
	var start *sandbox.StartError
	if errors.As(err, &start) {
		return int32(start.Code)
	}
	return 128
}

// A run is one start of a container.
type run struct {
	container *container
	id        string
	process   *sandbox.Process
	group     *cgroup.Group // nil where its memory is not limited
	log       *logs.Log
	startedAt time.Time

	// done is closed when the process has ended and its output is in the log.
	done       chan struct{}
	exit       sandbox.Exit
	finishedAt time.Time
}

// start starts the container, whose image is img.
func (c *container) start(ctx context.Context, img *containerImage) (*run, error) {
	spec, err := c.sandboxSpec(ctx, img)
	if err != nil {
		return nil, &configError{err}
	}
	if err := c.makeDirs(); err != nil {
		return nil, err
	}
	log, err := c.newLog()
	if err != nil {
		return nil, err
	}
	c.event(corev1.EventTypeNormal, "Created", "Created container "+c.spec.Name)
	r := &run{container: c, log: log, done: make(chan struct{})}
	c.worker.mu.Lock()
	r.id = c.id(c.status.RestartCount)
	c.worker.mu.Unlock()
	if err := c.limitMemory(r); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if err := r.launch(spec); err != nil {
		return nil, errors.Join(err, r.cleanUp(), log.Close())
	}
	return r, nil
}

// makeDirs makes the directories of a start, afresh.
func (c *container) makeDirs() error {
	dir := c.dir()
	if err := sandbox.RemoveAll(filepath.Join(dir, "box")); err != nil {
		return err
	}
	for _, name := range []string{"box", "box/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return fmt.Errorf("making the container's directory: %w", err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "box/tmp"), 0o777|os.ModeSticky); err != nil {
		return fmt.Errorf("making the container's directory: %w", err)
	}
	message := filepath.Join(dir, "message")
	err := os.WriteFile(message, nil, 0o666)
	if err == nil {
		err = os.Chmod(message, 0o666)
	}
	if err != nil {
		return fmt.Errorf("making the container's termination message: %w", err)
	}
	return nil
}

// newLog begins the log of a start. The one before is kept, older ones go.
func (c *container) newLog() (*logs.Log, error) {
	c.worker.mu.Lock()
	defer c.worker.mu.Unlock()
	n := c.status.RestartCount
	log, err := logs.Create(logPath(c.dir(), n), c.worker.node.opts.LogLimit, time.Now)
	if err != nil {
		return nil, err
	}
	if n >= 2 {
		_ = os.Remove(logPath(c.dir(), n-2))
		_ = os.Remove(logPath(c.dir(), n-2) + ".1")
	}
	if c.log != nil && c.log.Path() != log.Path() {
		c.previous = c.log
	}
	c.log = log
	return log, nil
}

// limitMemory makes a control group for the start, if there is a limit and it
// can be kept.
func (c *container) limitMemory(r *run) error {
	n := c.worker.node
	limit, ok := c.spec.Resources.Limits[corev1.ResourceMemory]
	if !ok || n.cgroups == nil {
		return nil
	}
	name := fmt.Sprintf("cutwater-%s-%s-%d", c.worker.pod.UID, c.spec.Name, c.status.RestartCount)
	group, err := n.cgroups.New(name, limit.Value())
	if err != nil {
		return err
	}
	r.group = group
	return nil
}

// launch starts the process, and what brings its output to the log.
func (r *run) launch(spec sandbox.Spec) error {
	var readers, writers [2]*os.File
	for i := range readers {
		var err error
		if readers[i], writers[i], err = os.Pipe(); err != nil {
			return fmt.Errorf("making a pipe: %w", err)
		}
	}
	admit := func(pid int) error {
		if r.group != nil {
			if err := r.group.Add(pid); err != nil {
				return err
			}
		}
		return rememberProcess(r.container.dir(), pid)
	}
	process, err := r.container.worker.node.launcher.Start(spec, writers[0], writers[1], admit)
	for _, w := range writers {
		_ = w.Close()
	}
	if err != nil {
		for _, reader := range readers {
			_ = reader.Close()
		}
		return err
	}
	r.process, r.startedAt = process, time.Now()
	var copying sync.WaitGroup
	for i, name := range []string{"stdout", "stderr"} {
		copying.Go(func() {
			stream := r.log.Stream(name)
			// A full disk must not block the container.
			if _, err := io.Copy(stream, readers[i]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				_, _ = io.Copy(io.Discard, readers[i])
			}
			_ = stream.Close()
			_ = readers[i].Close()
		})
	}
	go r.finish(&copying, readers[:])
	return nil
}

// straggle is how long output may still come after a process has ended, from
// children that have escaped it; there are none where it was isolated.
const straggle = time.Second

// finish waits for the end of the process and of its output.
func (r *run) finish(copying *sync.WaitGroup, outputs []*os.File) {
	defer close(r.done)
	exit, err := r.process.Wait()
	if err != nil {
		exit = sandbox.Exit{Code: 255}
	}
	r.exit, r.finishedAt = exit, time.Now()
	for _, f := range outputs {
		_ = f.SetReadDeadline(time.Now().Add(straggle))
	}
	copying.Wait()
	_ = r.log.Close()
}

// cleanUp removes what only a running process needs.
func (r *run) cleanUp() error {
	if r.group != nil {
		return r.group.Remove()
	}
	return nil
}

// terminated describes how the container ended.
func (r *run) terminated(ctx context.Context) *corev1.ContainerStateTerminated {
	t := &corev1.ContainerStateTerminated{
		ExitCode: int32(r.exit.Code), Signal: int32(r.exit.Signal), Reason: reasonCompleted,
		StartedAt: metav1.NewTime(r.startedAt), FinishedAt: metav1.NewTime(r.finishedAt), ContainerID: r.id,
	}
	if t.ExitCode != 0 {
		t.Reason = reasonError
	}
	if r.group != nil && r.group.OutOfMemory() {
		t.Reason = reasonOutOfMemory
	}
	t.Message = r.message(ctx, t.ExitCode != 0)
	// A group that cannot be removed is found and removed by the next start.
	_ = r.cleanUp()
	forgetProcess(r.container.dir())
	return t
}

// Limits of a termination message, those of kubelet.
const (
	maxMessage      = 4096
	maxLogMessage   = 2048
	logMessageLines = 80
)

// message is what the container left in its termination message, or, if it
// failed and asked for that, the end of its log.
func (r *run) message(ctx context.Context, failed bool) string {
	f, err := os.Open(filepath.Join(r.container.dir(), "message"))
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxMessage))
	if err != nil {
		return ""
	}
	if len(data) > 0 || !failed || r.container.spec.TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError {
		return string(data)
	}
	return logTail(ctx, r.log)
}

// logTail is the end of a log that is closed.
func logTail(ctx context.Context, log *logs.Log) string {
	var text tailBuffer
	lines := int64(logMessageLines)
	if err := log.Read(ctx, logs.Options{Tail: &lines}, &text); err != nil {
		return ""
	}
	return string(text)
}

// tailBuffer keeps the last bytes written to it.
type tailBuffer []byte

func (b *tailBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	if extra := len(*b) - maxLogMessage; extra > 0 {
		*b = (*b)[extra:]
	}
	return len(p), nil
}

// processFile is what is kept of a running process, for a node that comes
// after this one.
type processFile struct {
	PID int
	// Start is when the process was started, in the kernel's ticks, which
	// tells it from a later one with the same ID.
	Start string
	Boot  string
}

func rememberProcess(dir string, pid int) error {
	start, err := processStart(pid)
	if err != nil {
		return err
	}
	data, err := json.Marshal(processFile{PID: pid, Start: start, Boot: bootID()})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, processName), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("remembering a container's process: %w", err)
	}
	return nil
}

func forgetProcess(dir string) { _ = os.Remove(filepath.Join(dir, processName)) }

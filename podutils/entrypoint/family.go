// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reap waits for the process, and for all that it started and then left to us,
// until there is nobody left to wait for.
func (p *process) reap() {
	defer close(p.gone)
	for {
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			p.reapOne()
		} else if err != unix.EINTR { // ECHILD
			return
		}
	}
}

// reapOne reaps a child that has ended.
func (p *process) reapOne() {
	p.reaping.Lock()
	defer p.reaping.Unlock()
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); err == nil && pid == p.pid {
		p.status = status
		close(p.exited)
	}
}

const (
	// settle is how long what was killed may take to be gone: one that waits for
	// a disk that does not answer may never be.
	settle = 5 * time.Second
	// killEvery is how often to look for more to kill.
	killEvery = 5 * time.Millisecond
)

// clear kills what is left of the process and of all that it started, and stops
// listening to it.
func (p *process) clear(log *slog.Logger) {
	late := time.NewTimer(settle)
	defer late.Stop()
	again := time.NewTicker(killEvery)
	defer again.Stop()
	for _, over := range []chan struct{}{p.gone, p.silent} {
		for !isClosed(over) {
			select {
			case <-over:
			case <-again.C: // not at once: mostly nothing is left
				p.killAll()
			case <-late.C:
				log.Warn(fmt.Sprintf("Something that the process started is still there %s after it was killed", settle))
				_ = p.read.Close()
				<-p.silent
				return
			}
		}
	}
}

// killAll kills the group of the process, which nothing escapes by forking, and
// those who have left the group.
func (p *process) killAll() {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // who is gone need not be killed,
	for _, pid := range descendants() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // and who cannot be stays
	}
}

// descendants are the children of this process and theirs in turn.
func descendants() []int {
	self, err := os.Readlink("/proc/self")
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return nil // the numbers there are not those of our namespace
	}
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // only a bad pattern is an error
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent ...; the name may have anything in it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(string(fields[1])); err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{os.Getpid()}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
		delete(children, all[i]) // numbers may be used again while we look: no circles
	}
	return all[1:]
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/up"
)

// outage is longer than clients wait, and costs the controller its leases.
const outage = 30 * time.Second

// slowly is a job that is still running when the API server goes away.
const slowly = `
- name: slowly
  always_run: true
  decorate: true
  spec: {containers: [{image: host, command: [sleep, "3"]}]}
`

// apiServerAway stops the API server while people comment and a job runs. Then
// everything that was asked for happens, exactly once.
func apiServerAway(t *testing.T, s *story) {
	s.begin(t, unit+slowly)
	s.open(t, "other")
	s.passes(t, 1)
	s.passes(t, 2)
	s.open(t, "late")
	if err := running(s, []string{"slowly"}); err != nil {
		t.Fatal(err)
	}

	server := apiServer(t)
	send := func(signal os.Signal) {
		if err := server.Signal(signal); err != nil {
			t.Error(err)
		}
	}
	send(syscall.SIGSTOP)
	t.Cleanup(func() { send(syscall.SIGCONT) })
	begun := time.Now()
	for _, pull := range []string{"1", "2", "1", "3"} {
		if err := comment(s, []string{up.Member, pull, "/test unit"}); err != nil {
			t.Fatal(err)
		}
		pause(s, time.Second)
	}
	s.open(t, "in-the-dark")
	pause(s, outage-time.Since(begun))
	send(syscall.SIGCONT)
	back := time.Now()

	sweepUntilDone(t, s)
	t.Logf("all is done %v after the API server came back", time.Since(back).Round(time.Second))
	checkOnce(t, s)
	for pull := 1; pull <= 4; pull++ {
		for _, job := range []string{"unit", "slowly"} {
			if state, err := s.headStatus(strconv.Itoa(pull), job); err != nil || state != "success" {
				t.Errorf("pull %d: the status of %s is %q (%v), want success", pull, job, state, err)
			}
		}
	}
}

// checkOnce wants one run of unit for each delivery that asks for one.
func checkOnce(t *testing.T, s *story) {
	t.Helper()
	found, err := s.runs("")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, run := range found {
		if run.Spec.Job == "unit" {
			got[run.Labels[prowv1.EventGUIDLabel]]++
		}
		if run.Status.State != prowv1.SuccessState && run.Status.State != prowv1.AbortedState {
			t.Errorf("run %s of %s is %s: %s", run.Name, run.Spec.Job, run.Status.State, run.Status.Description)
		}
	}
	for _, d := range s.m.Forge.Deliveries() {
		if mine, err := s.delivered(d.GUID); err != nil || !mine {
			continue
		}
		want := 0
		if asksForRun(d) {
			want = 1
		}
		if got[d.GUID] != want {
			t.Errorf("delivery %s (%s %s) caused %d runs, want %d", d.GUID, d.Event, d.Action, got[d.GUID], want)
		}
	}
}

// apiServer is the API server's process, a child of this one.
func apiServer(t *testing.T) *os.Process {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	child := fmt.Sprintf(" %d ", os.Getpid())
	for _, stat := range stats {
		content, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		pid, rest, _ := strings.Cut(string(content), " (kube-apiserver) ")
		if len(rest) < 2 || !strings.HasPrefix(rest[1:], child) {
			continue
		}
		number, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		process, err := os.FindProcess(number)
		if err != nil {
			t.Fatal(err)
		}
		return process
	}
	t.Fatal("this process has no child kube-apiserver")
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Package killmatrix kills the pod utilities and the job, gently and not, at each
// stage of a pod's life, and looks at what is in the bucket after that. They are
// the real programs, started as kubelet would start them, with a real git and a
// real S3 server.
package killmatrix

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The stages of a pod's life.
const (
	undisturbed = ""
	cloning     = "clonerefs fetches"
	starting    = "initupload, before started.json"
	started     = "initupload, after started.json"
	waiting     = "entrypoint, before the job starts"
	running     = "the job runs"
	grace       = "entrypoint was told to stop, the job has its grace period"
	ended       = "the marker is written, sidecar does not know"
	uploading   = "sidecar uploads artifacts"
	finishing   = "sidecar, before finished.json"
	finished    = "sidecar, after finished.json"
)

const (
	TERM = syscall.SIGTERM
	KILL = syscall.SIGKILL
)

// What is in the bucket, below the job's folder; each stage adds to the one before.
const (
	nothing   = ""
	linked    = "latest-build.txt"
	cloned    = linked + " 1/clone-log.txt 1/clone-records.json"
	begun     = cloned + " 1/started.json"
	notCloned = begun + " 1/build-log.txt 1/finished.json"
	uploaded  = begun + " 1/artifacts/junit.xml 1/build-log.txt 1/sidecar-logs.json"
	complete  = uploaded + " 1/finished.json"
	// withoutArtifacts is of a job that did not get to make any.
	withoutArtifacts = begun + " 1/build-log.txt 1/sidecar-logs.json 1/finished.json"
)

// row is one life of a pod. After what the row tells, the pod lives on as long as
// it can by itself, and is deleted then.
type row struct {
	at      string
	kill    string // a container's program, "job", or "pod", which is all that runs
	with    syscall.Signal
	exits   string // the job's exit code; "" is 0, and noCode that there is nothing to run it on
	again   bool   // what was killed is started once more
	result  string // what finished.json says in the end; "" is that there is none
	objects string
}

// noCode is a job whose code cannot be cloned.
const noCode = "no code"

var matrix = []row{
	{at: undisturbed, result: "SUCCESS", objects: complete},
	{at: undisturbed, exits: "1", result: "FAILURE", objects: complete},
	{at: undisturbed, exits: noCode, result: "FAILURE", objects: notCloned},

	{at: cloning, kill: "clonerefs", with: TERM, objects: nothing},
	{at: cloning, kill: "clonerefs", with: KILL, objects: nothing},

	{at: starting, kill: "initupload", with: TERM, objects: cloned},
	{at: starting, kill: "initupload", with: KILL, objects: cloned},
	{at: started, kill: "initupload", with: TERM, objects: begun},
	{at: started, kill: "initupload", with: KILL, objects: begun},

	{at: waiting, kill: "entrypoint", with: TERM, result: "FAILURE", objects: withoutArtifacts},
	{at: waiting, kill: "entrypoint", with: KILL, result: "ABORTED", objects: withoutArtifacts},
	{at: waiting, kill: "sidecar", with: TERM, result: "SUCCESS", objects: complete},
	{at: waiting, kill: "sidecar", with: KILL, objects: begun},
	{at: waiting, kill: "pod", with: TERM, result: "FAILURE", objects: withoutArtifacts},
	{at: waiting, kill: "pod", with: KILL, objects: begun},

	{at: running, kill: "job", with: TERM, result: "FAILURE", objects: complete},
	{at: running, kill: "job", with: KILL, result: "FAILURE", objects: complete},
	{at: running, kill: "entrypoint", with: TERM, result: "ABORTED", objects: complete},
	{at: running, kill: "entrypoint", with: KILL, result: "ABORTED", objects: complete},
	{at: running, kill: "sidecar", with: TERM, result: "SUCCESS", objects: complete},
	{at: running, kill: "sidecar", with: TERM, exits: "1", result: "FAILURE", objects: complete},
	{at: running, kill: "sidecar", with: KILL, objects: begun},
	{at: running, kill: "pod", with: TERM, result: "ABORTED", objects: complete},
	{at: running, kill: "pod", with: KILL, objects: begun},

	{at: grace, kill: "job", with: TERM, result: "ABORTED", objects: complete},
	{at: grace, kill: "job", with: KILL, result: "ABORTED", objects: complete},
	{at: grace, kill: "entrypoint", with: TERM, result: "ABORTED", objects: complete},
	{at: grace, kill: "entrypoint", with: KILL, result: "ABORTED", objects: complete},
	{at: grace, kill: "sidecar", with: TERM, result: "ABORTED", objects: complete},
	{at: grace, kill: "sidecar", with: KILL, objects: begun},
	{at: grace, kill: "pod", with: KILL, objects: begun},

	{at: ended, kill: "sidecar", with: TERM, result: "SUCCESS", objects: complete},
	{at: ended, kill: "sidecar", with: KILL, objects: begun},
	{at: ended, kill: "sidecar", with: TERM, exits: "1", result: "FAILURE", objects: complete},

	{at: uploading, kill: "sidecar", with: TERM, result: "SUCCESS", objects: complete},
	{at: uploading, kill: "sidecar", with: KILL, objects: begun},
	{at: finishing, kill: "sidecar", with: TERM, result: "SUCCESS", objects: complete},
	{at: finishing, kill: "sidecar", with: TERM, exits: "1", result: "FAILURE", objects: complete},
	{at: finishing, kill: "sidecar", with: KILL, objects: uploaded},
	{at: finished, kill: "sidecar", with: TERM, result: "SUCCESS", objects: complete},
	{at: finished, kill: "sidecar", with: KILL, result: "SUCCESS", objects: complete},

	{at: running, kill: "sidecar", with: KILL, again: true, result: "SUCCESS", objects: complete},
	{at: running, kill: "sidecar", with: KILL, again: true, exits: "1", result: "FAILURE", objects: complete},
	{at: grace, kill: "sidecar", with: KILL, again: true, result: "ABORTED", objects: complete},
	{at: ended, kill: "sidecar", with: KILL, again: true, result: "SUCCESS", objects: complete},
	{at: uploading, kill: "sidecar", with: KILL, again: true, result: "SUCCESS", objects: complete},
	{at: finishing, kill: "sidecar", with: KILL, again: true, result: "SUCCESS", objects: complete},
	{at: finished, kill: "sidecar", with: KILL, again: true, result: "SUCCESS", objects: complete},
}

func (r row) String() string {
	name := "nobody is killed"
	if r.at != undisturbed {
		name = r.at + ": " + map[syscall.Signal]string{TERM: "SIGTERM", KILL: "SIGKILL"}[r.with] + " to " + r.kill
	}
	if r.again {
		name += ", which is started again"
	}
	switch r.exits {
	case "":
		return name
	case noCode:
		return name + ", without code"
	}
	return name + ", the job exits " + r.exits
}

func TestKillMatrix(t *testing.T) {
	world := newWorld(t)
	for i, row := range matrix {
		t.Run(row.String(), func(t *testing.T) {
			t.Parallel()
			p := newPod(t, world, row, i)
			p.live()
			if diff := cmp.Diff(sorted(row.objects), sorted(p.objects())); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if got := p.result(); got != row.result {
				t.Errorf("result is %q, want %q", got, row.result)
			}
			for _, f := range world.bucket.results(p.name) {
				if f.Passed != (f.Result == "SUCCESS") {
					t.Errorf("passed is %v with the result %s", f.Passed, f.Result)
				}
				if f.Passed && !p.wentWell() {
					t.Errorf("a run that did not go well has passed")
				}
				if f.Passed && f.marker != "0" {
					t.Errorf("a run has passed whose marker was %q then", f.marker)
				}
			}
		})
	}
}

// world is what all pods share.
type world struct {
	programs   string // the folder with the programs
	repository string
	bucket     *bucket
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{programs: t.TempDir(), repository: t.TempDir(), bucket: newBucket(t)}
	// As the images are built.
	build := []string{"go", "build", "-tags", "disable_grpc_modules", "-ldflags", "-s -w", "-o", w.programs}
	for _, name := range []string{"clonerefs", "initupload", "entrypoint", "sidecar"} {
		build = append(build, "../../cmd/"+name)
	}
	for _, command := range [][]string{
		build,
		{"git", "init", "--quiet", "--initial-branch=main", w.repository},
		{"git", "-C", w.repository, "-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "--allow-empty", "--message=first"},
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	return w
}

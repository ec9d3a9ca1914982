// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/mesh"
	"github.com/cutwater-ci/cutwater/local/up"
)

const (
	chaosPulls    = 10
	chaosComments = 170 // with what else the pulls cause, over 200 deliveries
)

// Hook, plugins and the controller are killed again and again while people
// comment. In the end every delivery is in the ledger, every run that was asked
// for exists exactly once, every answer was given once, and every status is right.
//
// CUTWATER_SEED replays a run's choices.
func TestNothingLostNothingTwice(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("CUTWATER_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("CUTWATER_SEED: %v", err)
		}
	}
	t.Logf("CUTWATER_SEED=%d", seed)

	programs := utilities(t)
	build(t, programs, "hook", "plugins", "controller", "deck", "sinker")
	victims := &victims{random: rand.New(rand.NewPCG(seed, 1)), alive: map[string]*os.Process{}}
	m := start(t, up.Options{Programs: programs, Starter: mesh.Processes{Dir: programs, Output: testOutput(t), Started: victims.started}})
	s := &story{ctx: t.Context(), m: m, name: "chaos", repo: github.Repo{Org: "cutwater", Name: "chaos"}}
	if err := m.Forge.AddRepository(t.Context(), s.repo, map[string]string{".prow.yaml": chaosJobs}); err != nil {
		t.Fatal(err)
	}

	stop := victims.killAtRandom()
	asked := people(t, s, rand.New(rand.NewPCG(seed, 2)))
	stop()
	t.Logf("killed %v", victims.killed)
	if err := m.Forge.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	sweepUntilDone(t, s)
	checkLedger(t, s)
	checkRuns(t, s, asked)
}

const chaosJobs = `
presubmits:
- name: unit
  always_run: true
  decorate: true
  spec: {containers: [{image: host, command: ["true"]}]}
`

// asked is what the people's comments ask for: how often somebody asked for
// help, by pull. Which runs they ask for follows from the deliveries.
type asked map[int]int

// people opens pull requests and comments on them. Some deliveries come twice,
// as GitHub's do.
func people(t *testing.T, s *story, random *rand.Rand) asked {
	t.Helper()
	for n := range chaosPulls {
		if _, err := s.m.Forge.Open(s.ctx, up.Member, s.repo, fmt.Sprintf("change-%d", n), map[string]string{"n.txt": strconv.Itoa(n)}); err != nil {
			t.Fatal(err)
		}
	}
	help := asked{}
	for range chaosComments {
		number := 1 + random.IntN(chaosPulls)
		text := []string{"/test unit", "looks good", "/test ?", "well, well", "/hold"}[random.IntN(5)]
		if text == "/test ?" {
			help[number]++
		}
		if err := s.m.Forge.Say(s.ctx, up.Member, s.issue(number), text); err != nil {
			t.Fatal(err)
		}
		pause(s, time.Duration(random.IntN(60))*time.Millisecond)
		if all := s.m.Forge.Deliveries(); random.IntN(5) == 0 {
			if err := s.m.Forge.Redeliver(all[random.IntN(len(all))].GUID); err != nil {
				t.Fatal(err)
			}
		}
	}
	return help
}

// pause lets time pass, unless the test ends.
func pause(s *story, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// victims are the processes that may be killed.
type victims struct {
	random *rand.Rand

	mu     sync.Mutex
	alive  map[string]*os.Process
	killed map[string]int
}

func (v *victims) started(name string, process *os.Process) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.alive[name] = process
}

// killAtRandom kills one process after the other, until stop is called.
func (v *victims) killAtRandom() (stop func()) {
	v.killed = map[string]int{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			timer := time.NewTimer(time.Duration(100+v.random.IntN(500)) * time.Millisecond)
			select {
			case <-done:
				timer.Stop()
				return
			case <-timer.C:
			}
			v.kill([]string{"hook", "plugins", "controller"}[v.random.IntN(3)])
		}
	}()
	return func() { close(done); <-ended }
}

func (v *victims) kill(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if process := v.alive[name]; process != nil && process.Kill() == nil {
		v.killed[name]++
	}
}

// sweepUntilDone rings the sweep, which otherwise comes every five minutes,
// until everything has arrived and has settled.
func sweepUntilDone(t *testing.T, s *story) {
	t.Helper()
	// The sweep sends what has been pending for a minute, and again after two; it asks
	// GitHub for what is missing, and again after four.
	err := s.awaitFor(8*time.Minute, func() error {
		if err := s.sweep(); err != nil {
			return err
		}
		for _, d := range s.m.Forge.Deliveries() {
			if _, err := os.Stat(filepath.Join(s.m.Bucket, "inbox", "deliveries", d.GUID, "request")); err != nil {
				return fmt.Errorf("%s %s has not arrived: %w", d.Event, d.GUID, err)
			}
		}
		pending, err := os.ReadDir(filepath.Join(s.m.Bucket, "inbox", "pending"))
		if err == nil && len(pending) > 0 {
			err = fmt.Errorf("%d deliveries are pending", len(pending))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.settled(); err != nil {
		t.Fatal(err)
	}
}

// sweep has hook sweep, and waits for what GitHub sends because of that.
func (s *story) sweep() error {
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, strings.TrimSuffix(s.m.Hook, "/hook")+"/sweep", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("the sweep was answered %s", response.Status)
	}
	return s.m.Forge.Drain(s.ctx)
}

// checkLedger wants an entry of plugins for every delivery that GitHub sent.
func checkLedger(t *testing.T, s *story) {
	t.Helper()
	if dead, err := os.ReadDir(filepath.Join(s.m.Bucket, "inbox", "dead")); err == nil && len(dead) > 0 {
		t.Errorf("%d deliveries were given up", len(dead))
	}
	deliveries := s.m.Forge.Deliveries()
	if len(deliveries) < 200 {
		t.Errorf("only %d deliveries were sent", len(deliveries))
	}
	for _, d := range deliveries {
		s.checkEntry(t, d)
	}
}

// checkEntry wants every plugin to be done with the delivery.
func (s *story) checkEntry(t *testing.T, d githubtest.Delivery) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.m.Bucket, "inbox", "deliveries", d.GUID, "plugins"))
	if err != nil {
		t.Errorf("delivery %s (%s %s) is not in the ledger: %v", d.GUID, d.Event, d.Action, err)
		return
	}
	var entry struct {
		Plugins map[string]struct{ State, Error string }
	}
	if err := json.Unmarshal(content, &entry); err != nil {
		t.Errorf("the entry of delivery %s: %v", d.GUID, err)
	}
	for plugin, outcome := range entry.Plugins {
		if outcome.State != "done" && outcome.State != "nothing" {
			t.Errorf("delivery %s: %s ended as %s: %s", d.GUID, plugin, outcome.State, outcome.Error)
		}
	}
}

// checkRuns wants exactly one run for each delivery that asks for one, one
// answer to each call for help that was not taken back since, and every
// status right.
func checkRuns(t *testing.T, s *story, help asked) {
	t.Helper()
	list, err := s.m.ProwJobs.ProwV1().ProwJobs(s.m.Namespace).List(s.ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, job := range list.Items {
		got[job.Labels[prowv1.EventGUIDLabel]]++
		if job.Status.State != prowv1.SuccessState && job.Status.State != prowv1.AbortedState {
			t.Errorf("run %s of %s is %s: %s", job.Name, job.Spec.Job, job.Status.State, job.Status.Description)
		}
	}
	for _, d := range s.m.Forge.Deliveries() {
		want := 0
		if asksForRun(d) {
			want = 1
		}
		if got[d.GUID] != want {
			t.Errorf("delivery %s (%s %s) caused %d runs, want %d", d.GUID, d.Event, d.Action, got[d.GUID], want)
		}
	}
	for number := 1; number <= chaosPulls; number++ {
		if state, err := s.headStatus(strconv.Itoa(number), "unit"); err != nil || state != "success" {
			t.Errorf("pull %d: the status is %q (%v), want success", number, state, err)
		}
		comments, err := s.botComments(number)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, comment := range comments {
			seen[comment.Body]++
		}
		for body, times := range seen {
			if times > 1 {
				t.Errorf("pull %d: the bot said %d times: %s", number, times, body)
			}
		}
		if len(comments) > help[number] {
			t.Errorf("pull %d: %d comments of the bot, and only %d calls for help", number, len(comments), help[number])
		}
	}
}

// asksForRun reports whether a delivery starts the job: a pull request was
// opened, or somebody commented /test unit.
func asksForRun(d githubtest.Delivery) bool {
	var payload struct {
		Action  string
		Comment struct{ Body string }
	}
	if json.Unmarshal(d.Payload, &payload) != nil {
		return false
	}
	return d.Event == "pull_request" && payload.Action == "opened" ||
		d.Event == "issue_comment" && payload.Action == "created" && payload.Comment.Body == "/test unit"
}

// build compiles programs of ours into dir.
func build(t *testing.T, dir string, names ...string) {
	t.Helper()
	args := []string{"build", "-o", dir}
	for _, name := range names {
		args = append(args, "../../cmd/"+name)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %v: %v\n%s", names, err, out)
	}
}

// testOutput keeps what the processes print, and shows it if the test fails.
func testOutput(t *testing.T) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "output")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		file.Close()
		if t.Failed() {
			keepLog(t, path)
		}
	})
	return file
}

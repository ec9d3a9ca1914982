// SPDX-License-Identifier: Apache-2.0

package killmatrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/proctest"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// pod is one life of a pod.
type pod struct {
	t          *testing.T
	world      *world
	row        row
	name       string // of its job
	dir        string
	containers map[string]*container
}

func newPod(t *testing.T, w *world, r row, number int) *pod {
	t.Helper()
	p := &pod{t: t, world: w, row: r, name: fmt.Sprintf("job-%d", number), dir: t.TempDir(), containers: map[string]*container{}}
	w.bucket.watch(p.name, p.file("marker"))
	return p
}

// file is a file or folder of the pod.
func (p *pod) file(name string) string { return filepath.Join(p.dir, name) }

func (p *pod) exists(name string) bool {
	_, err := os.Stat(p.file(name))
	return err == nil
}

// write makes a file of the pod, in one go.
func (p *pod) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.file(name+".new"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(p.file(name+".new"), p.file(name)); err != nil {
		p.t.Fatal(err)
	}
}

// live is the pod's life as kubelet has it: the init containers one after the
// other, each of which has to end well, then entrypoint and sidecar.
func (p *pod) live() {
	if !p.clone() || !p.begin() {
		return
	}
	resume := p.holdSidecar()
	p.startSidecar()
	entrypoint := p.startEntrypoint()
	p.strike(waiting, func() { proctest.Until(p.t, "entrypoint waits", func() bool { return p.exists("log") }) })
	if !p.toldToStop(waiting) {
		p.write("previous", "0")
	}
	proctest.Until(p.t, "the job runs", func() bool { return p.jobProcess() != 0 || !entrypoint.lives() })
	p.strike(running, nil)
	if p.row.at == grace {
		p.signal(TERM, "entrypoint")
		p.strike(grace, func() { proctest.Until(p.t, "the job was told", func() bool { return p.exists("told") }) })
	}
	if p.row.at == ended {
		p.signal(syscall.SIGSTOP, "sidecar")
	}
	if !p.toldToStop(running) {
		p.write("go", "on")
	}
	entrypoint.code(p.t)
	p.strike(ended, nil)
	p.signal(syscall.SIGCONT, "sidecar")
	resume()
	sidecar := p.containers["sidecar"]
	if sidecar.lives() && !p.exists("marker") { // it would wait for ever
		p.signal(TERM, "sidecar")
		p.waitForPartial()
		p.signal(KILL, "sidecar")
	}
	sidecar.code(p.t)
}

// toldToStop tells whether entrypoint was told to stop at that stage, and so ends
// without what it or its job waits for. They could be faster than the signal.
func (p *pod) toldToStop(stage string) bool {
	return p.row.at == stage && p.row.with == TERM && (p.row.kill == "entrypoint" || p.row.kill == "pod")
}

// strike kills, if that is the stage at which the row does, and after it was reached.
func (p *pod) strike(stage string, reach func()) {
	p.t.Helper()
	if p.row.at != stage {
		return
	}
	if reach != nil {
		reach()
	}
	switch p.row.kill {
	case "job":
		if err := syscall.Kill(p.jobProcess(), p.row.with); err != nil {
			p.t.Fatal(err)
		}
	case "pod":
		p.signal(p.row.with, "entrypoint", "sidecar")
	default:
		p.signal(p.row.with, p.row.kill)
	}
	if p.row.kill == "sidecar" && p.row.with == TERM && slices.Contains([]string{waiting, running, grace}, stage) {
		p.waitForPartial()
	}
	if p.row.again {
		p.startSidecar()
	}
}

// waitForPartial waits for what sidecar uploads when it is told to stop and does
// not know yet how the job ends.
func (p *pod) waitForPartial() {
	p.t.Helper()
	proctest.Until(p.t, "a first result is stored", func() bool { return len(p.world.bucket.results(p.name)) > 0 })
	if first := p.world.bucket.results(p.name)[0]; first.Passed || first.Result != "ABORTED" {
		p.t.Errorf("the first result is %+v, want that it was aborted", first)
	}
}

// clone runs clonerefs, and tells whether the pod goes on.
func (p *pod) clone() bool {
	p.t.Helper()
	refs := p.refs()
	asked := make(chan struct{}, 1)
	if p.row.at == cloning { // from a server that takes its time
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-r.Context().Done()
		}))
		p.t.Cleanup(server.Close)
		refs.CloneURI = server.URL
	}
	clonerefs := p.start("clonerefs", options.CloneEnv, options.Clone{
		SrcRoot: p.file("src"), Log: p.file("clone.json"), Refs: []prowv1.Refs{refs},
		GitUserName: options.DefaultGitUserName, GitUserEmail: options.DefaultGitUserEmail,
	})
	p.strike(cloning, func() { <-asked })
	return clonerefs.code(p.t) == 0
}

// begin runs initupload, and tells whether the pod goes on.
func (p *pod) begin() bool {
	p.t.Helper()
	holds := map[string]*gate{}
	for _, stage := range []string{starting, started} {
		if p.row.at == stage {
			holds[stage] = p.world.bucket.hold(p.key("started.json"), stage == started)
		}
	}
	initupload := p.start("initupload", options.InitUploadEnv, options.InitUpload{Upload: p.upload(), Log: p.file("clone.json")})
	for stage, g := range holds {
		p.strike(stage, func() {
			g.wait(p.t)
			proctest.Until(p.t, "what is stored at the same time is", func() bool {
				return len(sorted(p.objects())) >= len(sorted(p.row.objects))
			})
		})
	}
	return initupload.code(p.t) == 0
}

// holdSidecar prepares for the row's stage of sidecar; resume is to be called
// when sidecar is to get there.
func (p *pod) holdSidecar() (resume func()) {
	name, ok := map[string]string{uploading: "artifacts/junit.xml", finishing: "finished.json", finished: "finished.json"}[p.row.at]
	if !ok {
		return func() {}
	}
	g := p.world.bucket.hold(p.key(name), p.row.at == finished)
	return func() {
		p.strike(p.row.at, func() { g.wait(p.t) })
		if p.containers["sidecar"].lives() {
			close(g.open)
		}
	}
}

// startSidecar starts sidecar and waits until it waits for the marker, if that is
// not there yet.
func (p *pod) startSidecar() {
	p.t.Helper()
	to := p.upload()
	to.Items = []string{p.file("artifacts")}
	sidecar := p.start("sidecar", options.SidecarEnv, options.Sidecar{
		GCSOptions: &to, Entries: []wrapper.Options{p.entry()}, CensoringOptions: &options.Censoring{},
	})
	proctest.Until(p.t, "sidecar waits for the marker", func() bool { return p.exists("marker") || proctest.Watches(p.t, sidecar.Process.Pid) })
}

// script is a job that goes on when the test says so.
const script = `
echo '<testsuites/>' > $ARTIFACTS/junit.xml
echo hello
cd %[1]s
%[2]s
echo $$ > running.new; mv running.new running
while [ ! -e go ]; do sleep 0.02; done
echo %[3]s > left
exit %[3]s
`

func (p *pod) startEntrypoint() *container {
	p.t.Helper()
	trap := ""
	if p.row.at == grace {
		trap = "trap 'touch told' TERM; trap : INT"
	}
	entry := p.entry()
	entry.Args = []string{"sh", "-c", fmt.Sprintf(script, p.dir, trap, cmp.Or(p.row.exits, "0"))}
	o := wrapper.Entrypoint{ArtifactDir: p.file("artifacts"), GracePeriod: time.Minute, Options: entry}
	if p.row.at == waiting {
		o.PreviousMarker = p.file("previous")
	}
	return p.start("entrypoint", wrapper.EntrypointEnv, o)
}

func (p *pod) entry() wrapper.Options {
	return wrapper.Options{
		ContainerName: "test", ProcessLog: p.file("log"), MarkerFile: p.file("marker"),
		MetadataFile: p.file("artifacts/metadata.json"),
	}
}

// refs is the code under test.
func (p *pod) refs() prowv1.Refs {
	refs := prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", CloneURI: p.world.repository}
	if p.row.exits == noCode {
		refs.BaseRef = "--upload-pack=evil" // is refused at once
	}
	return refs
}

// spec is JOB_SPEC.
func (p *pod) spec() string {
	text, err := json.Marshal(jobspec.Spec{Type: prowv1.PostsubmitJob, Job: p.name, BuildID: "1", Refs: new(p.refs())})
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func (p *pod) upload() options.Upload {
	return options.Upload{
		GCSConfiguration:  &prowv1.GCSConfiguration{Bucket: p.world.bucket.url, PathStrategy: "explicit"},
		S3CredentialsFile: p.world.bucket.credentials,
	}
}

// key is the key of an object of the run.
func (p *pod) key(name string) string { return "logs/" + p.name + "/1/" + name }

// objects are those in the job's folder. Pieces of the log that are there while
// the job runs stay only where sidecar could not remove them.
func (p *pod) objects() string {
	p.t.Helper()
	var keys []string
	folder := "logs/" + p.name + "/"
	for object, err := range p.world.bucket.store.List(p.t.Context(), folder, "") {
		if err != nil {
			p.t.Fatal(err)
		}
		key := strings.TrimPrefix(object.Key, folder)
		if sidecar := p.containers["sidecar"]; strings.Contains(key, ".live/") && (sidecar.lives() || sidecar.killed()) {
			continue
		}
		keys = append(keys, key)
	}
	return strings.Join(keys, " ")
}

func sorted(keys string) []string {
	fields := strings.Fields(keys)
	slices.Sort(fields)
	return fields
}

// result is what finished.json says in the end.
func (p *pod) result() string {
	all := p.world.bucket.results(p.name)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Result
}

// wentWell tells whether all that a green result stands for was so.
func (p *pod) wentWell() bool {
	if p.row.at == grace || p.row.kill == "entrypoint" || p.row.kill == "pod" {
		return false
	}
	for _, name := range []string{"clonerefs", "initupload", "entrypoint"} {
		if c := p.containers[name]; c == nil || c.code(p.t) != 0 {
			return false
		}
	}
	left, err := os.ReadFile(p.file("left")) // by the job as its last act
	return err == nil && string(left) == "0\n"
}

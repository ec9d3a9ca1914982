// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/local/node"
)

// programsVariable names a folder with programs to measure, instead of newly
// built ones.
const programsVariable = "CUTWATER_PROGRAMS"

func TestMain(m *testing.M) {
	node.RunIfInit()
	os.Exit(run(m))
}

// run builds the programs once for all benchmarks, if there are any to run.
func run(m *testing.M) int {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" || os.Getenv(programsVariable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "cutwater-bench-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// As the images are built.
	build := exec.Command("go", "build", "-tags", "disable_grpc_modules", "-ldflags", "-s -w", "-o", dir, "../../cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the programs: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(programsVariable, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// programs is the folder with the programs.
func programs() string { return os.Getenv(programsVariable) }

// process is one of our functions or the controller, running by itself.
type process struct {
	*exec.Cmd
	url   string
	ready time.Duration // from exec to the first good answer of /healthz
	ended chan struct{} // closed when it has ended
}

// start runs a program with nothing but the environment, and waits until it is
// healthy.
func start(b *testing.B, name string, env map[string]string) *process {
	b.Helper()
	port := freePort(b)
	p := &process{Cmd: exec.CommandContext(b.Context(), filepath.Join(programs(), name)), url: "http://127.0.0.1:" + port, ended: make(chan struct{})}
	output := &bytes.Buffer{}
	p.Stdout, p.Stderr = output, output
	p.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.TempDir(), "TMPDIR=" + b.TempDir(), "HOST=127.0.0.1", "PORT=" + port}
	for key, value := range env {
		p.Env = append(p.Env, key+"="+value)
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	began := time.Now()
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait()
	}()
	b.Cleanup(p.stop)
	late := time.After(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			b.Fatalf("%s ended before it was ready: %v\n%s", name, p.ProcessState, output)
		case <-late:
			b.Fatalf("%s is not ready", name)
		case <-tick.C:
		}
		response, err := client.Get(p.url + "/healthz")
		if err != nil {
			continue // not listening yet
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			p.ready = time.Since(began)
			return p
		}
	}
}

// stop asks the process to end, and waits until it has.
func (p *process) stop() {
	_ = p.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.Process.Kill()
		<-p.ended
	}
}

// memory is a figure of the process in MiB: VmRSS is what it holds now, RssAnon
// what of that is not a page of its program file, VmHWM the most it ever held.
func (p *process) memory(b *testing.B, figure string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	found := regexp.MustCompile(figure + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		b.Fatalf("no %s in %s", figure, status)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

// freePort finds a port that is free now, and most likely still is in a moment.
func freePort(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// write makes a file in the folder and returns its path.
func write(b *testing.B, dir, name, content string) string {
	b.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// readyWithin is how long a process may take to answer its health check.
const readyWithin = 20 * time.Second

// Processes starts functions and deployments as processes of their own, from
// the programs in Dir, each with nothing but its environment. The image
// ko://…/cmd/hook is the program Dir/hook.
type Processes struct {
	Dir string
	// Output gets what the processes print; nil discards it.
	Output io.Writer
	// Started is told of each process, if it is not nil.
	Started func(name string, process *os.Process)
}

// Start runs the program and waits until it is healthy.
func (p Processes) Start(ctx context.Context, w Workload) (Instance, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd, err := p.start(ctx, w, port)
	if err != nil {
		return nil, err
	}
	address := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)}
	i := &processInstance{ReverseProxy: httputil.NewSingleHostReverseProxy(address), cmd: cmd, done: make(chan struct{})}
	// A process that dies under a request is what a broken gateway is; the
	// caller retries.
	i.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	go func() {
		i.err = cmd.Wait()
		close(i.done)
	}()
	if err := i.awaitHealth(ctx, address.JoinPath("healthz").String()); err != nil {
		i.Stop()
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	return i, nil
}

// Run runs the program until ctx ends or it exits.
func (p Processes) Run(ctx context.Context, w Workload) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	cmd, err := p.start(ctx, w, port)
	if err != nil {
		return err
	}
	return cmd.Wait()
}

func (p Processes) start(ctx context.Context, w Workload, port string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(p.Dir, path.Base(w.Image)))
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is the parent's to pass on
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	for name, value := range w.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "PORT="+port) // the last one counts
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if p.Started != nil {
		p.Started(w.Name, cmd.Process)
	}
	return cmd, nil
}

// processInstance is a function that runs as a process.
type processInstance struct {
	*httputil.ReverseProxy
	cmd  *exec.Cmd
	done chan struct{}
	err  error // set before done is closed
}

func (i *processInstance) Done() <-chan struct{} { return i.done }

func (i *processInstance) Stop() {
	_ = i.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.done:
	case <-time.After(10 * time.Second):
		_ = i.cmd.Process.Kill()
		<-i.done
	}
}

func (i *processInstance) awaitHealth(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-i.done:
			return errors.Join(errors.New("it ended before it was ready"), i.err)
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		case <-tick.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // not listening yet
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// freePort is a port that nobody listens on. Another process may take it
// before ours does; then the start fails and is tried again.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

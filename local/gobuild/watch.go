// SPDX-License-Identifier: Apache-2.0

package gobuild

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// tellEvery is how often a build says how far it is.
const tellEvery = 5 * time.Second

// watch runs go build -v, which names each module that it downloads and each
// package that it compiles, and says now and then how far it is. The error holds
// what the compiler said.
func (p Program) watch(cmd *exec.Cmd, progress io.Writer) error {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewReader(stderr); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				lines <- strings.TrimSuffix(line, "\n")
			}
			if err != nil {
				return
			}
		}
	}()
	said := p.follow(lines, progress)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

// follow counts what a build names, and returns whatever else it says.
func (p Program) follow(lines <-chan string, progress io.Writer) string {
	var said strings.Builder
	downloaded, compiled, started := 0, 0, time.Now()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case line, ok := <-lines:
			switch {
			case !ok:
				return said.String()
			case strings.HasPrefix(line, "go: downloading "):
				downloaded++
			case strings.ContainsAny(line, " :"): // a package path has neither
				fmt.Fprintln(&said, line)
			default:
				compiled++
			}
		case <-tick.C: // also when nothing is said, as while it is linked
			what := fmt.Sprintf("%d of about %d packages", compiled, max(p.Packages, compiled))
			if compiled == 0 {
				what = fmt.Sprintf("%d modules downloaded", downloaded)
			}
			fmt.Fprintf(progress, "  %s: %s, %s\n", p.Name, what, time.Since(started).Round(time.Second))
		}
	}
}

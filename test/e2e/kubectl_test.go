// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/up"
)

// watched is a job that says something, takes its time, and says more.
const watched = `
presubmits:
- name: watched
  always_run: true
  decorate: true
  spec: {containers: [{image: host, command: [sh, -c, 'echo begun; sleep 4; echo ended']}]}
`

// kubectl shows runs in Prow's columns, and follows the log of one while it
// runs. Where there is no kubectl, what kubectl asks for is asked for.
func kubectl(t *testing.T, s *story) {
	s.begin(t, watched)
	if err := running(s, []string{"watched"}); err != nil {
		t.Fatal(err)
	}
	found, err := s.runs("watched")
	if err != nil || len(found) != 1 {
		t.Fatalf("got %d runs (%v), want 1", len(found), err)
	}
	logs := map[string]io.Reader{"API": s.followLog(t, found[0].Name)}
	program, err := exec.LookPath("kubectl")
	if err == nil {
		logs["kubectl"] = follow(t, program, "--kubeconfig", s.m.Kubeconfig, "-n", "test-pods", "logs", "-f", found[0].Name, "-c", "test")
	}
	lines := map[string]*bufio.Scanner{}
	for name, log := range logs {
		lines[name] = bufio.NewScanner(log)
		awaitLine(t, name, lines[name], "begun")
	}
	if found, err = s.runs("watched"); err != nil || found[0].Complete() {
		t.Fatalf("the run has ended (%v) before its log was followed", err)
	}
	for name, log := range lines {
		awaitLine(t, name, log, "ended")
		for log.Scan() { // it ends with the container
		}
	}
	if err := s.settled(); err != nil {
		t.Fatal(err)
	}
	if found, err = s.runs("watched"); err != nil {
		t.Fatal(err)
	}
	checkTable(t, "API", s.table(t), found[0])
	if program != "" {
		out, err := exec.CommandContext(t.Context(), program, "--kubeconfig", s.m.Kubeconfig, "-n", s.m.Namespace, "get", "prowjobs").CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl get prowjobs: %v\n%s", err, out)
		}
		var rows [][]string
		for line := range strings.Lines(string(out)) {
			rows = append(rows, strings.Fields(line))
		}
		checkTable(t, "kubectl", rows, found[0])
	}
}

// awaitLine reads until the line comes.
func awaitLine(t *testing.T, name string, lines *bufio.Scanner, want string) {
	t.Helper()
	var got []string
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == want {
			return
		}
		got = append(got, lines.Text())
	}
	t.Fatalf("%s: the log ended (%v) without %q: %q", name, lines.Err(), want, got)
}

// followLog asks for a log as kubectl logs -f does.
func (s *story) followLog(t *testing.T, pod string) io.Reader {
	t.Helper()
	log, err := s.m.Kube.CoreV1().Pods("test-pods").GetLogs(pod, &corev1.PodLogOptions{Container: "test", Follow: true}).Stream(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log
}

// follow starts a program and returns what it prints.
func follow(t *testing.T, program string, args ...string) io.Reader {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	return out
}

// table asks for ProwJobs as kubectl get does.
func (s *story) table(t *testing.T) [][]string {
	t.Helper()
	content, err := s.m.ProwJobs.ProwV1().RESTClient().Get().
		Namespace(s.m.Namespace).Resource("prowjobs").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(context.WithoutCancel(s.ctx)).Raw()
	if err != nil {
		t.Fatal(err)
	}
	var table metav1.Table
	if err := json.Unmarshal(content, &table); err != nil {
		t.Fatal(err)
	}
	rows := [][]string{nil}
	for _, column := range table.ColumnDefinitions {
		rows[0] = append(rows[0], strings.ToUpper(column.Name))
	}
	for _, row := range table.Rows {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, fmt.Sprint(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// checkTable wants Prow's columns, and a row of the run.
func checkTable(t *testing.T, name string, rows [][]string, run prowv1.ProwJob) {
	t.Helper()
	columns := strings.Fields("NAME JOB BUILDID TYPE ORG REPO PULLS STARTTIME COMPLETIONTIME STATE")
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		t.Fatalf("%s: got the columns %q, want %q", name, rows[0], columns)
	}
	at := slices.IndexFunc(rows, func(row []string) bool { return row[0] == run.Name })
	if at < 0 {
		t.Fatalf("%s: no row of run %s", name, run.Name)
	}
	row := rows[at]
	if len(row) != len(columns) {
		t.Fatalf("%s: got %q, want %d cells", name, row, len(columns))
	}
	ages := []int{slices.Index(columns, "STARTTIME"), slices.Index(columns, "COMPLETIONTIME")}
	for _, i := range ages {
		if row[i] == "" || row[i] == "<none>" {
			t.Errorf("%s: %s is %q", name, columns[i], row[i])
		}
		row[i] = "*"
	}
	want := []string{run.Name, "watched", run.Status.BuildID, "presubmit", run.Spec.Refs.Org, run.Spec.Refs.Repo, "1", "*", "*", "success"}
	if !slices.Equal(row, want) {
		t.Errorf("%s: got %q, want %q", name, row, want)
	}
}

// begin makes the repository with its .prow.yaml, and a pull request of a member.
func (s *story) begin(t *testing.T, prowYAML string) {
	t.Helper()
	if err := s.m.Forge.AddRepository(s.ctx, s.repo, map[string]string{".prow.yaml": prowYAML}); err != nil {
		t.Fatal(err)
	}
	s.open(t, "change")
}

// open opens a pull request of a member.
func (s *story) open(t *testing.T, branch string) {
	t.Helper()
	if _, err := s.m.Forge.Open(s.ctx, up.Member, s.repo, branch, map[string]string{branch + ".txt": "x\n"}); err != nil {
		t.Fatal(err)
	}
}

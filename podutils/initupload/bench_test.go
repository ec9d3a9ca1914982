// SPDX-License-Identifier: Apache-2.0

package initupload_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/podutils/options"
)

// BenchmarkInitUpload runs the program as its image has it, from its start to its
// end, with a clone's records and a folder to upload to.
func BenchmarkInitUpload(b *testing.B) {
	program := filepath.Join(b.TempDir(), "initupload")
	build := exec.CommandContext(b.Context(), "go", "build", "-tags", "disable_grpc_modules", "-ldflags", "-s -w", "-o", program, "../../cmd/initupload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building initupload: %v\n%s", err, output)
	}
	o, out := local(b, `[{"refs":{"org":"","repo":""}},{"refs":{"org":"org","repo":"repo","base_ref":"main"},"commands":[{"command":"git fetch","output":"From\n"}],"final_sha":"abc"}]`)
	text, err := json.Marshal(o)
	if err != nil {
		b.Fatal(err)
	}
	env := append(os.Environ(), options.InitUploadEnv+"="+string(text), "JOB_SPEC="+presubmit)
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), program)
		cmd.Env = env
		if output, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, output)
		}
	}
	if len(read(b, out)) != 3 {
		b.Errorf("files are %v, want started.json and two of the clone", read(b, out))
	}
}

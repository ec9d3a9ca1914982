// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Whatever the variable holds is refused, or understood: then it says what to
// run and where to write, and stays the same when it is passed on.
func FuzzOptions(f *testing.F) {
	f.Add(`{"timeout":7200000000000,"grace_period":15000000000,"artifact_dir":"/logs/artifacts","args":["/bin/true"],"container_name":"test","process_log":"/logs/process-log.txt","marker_file":"/logs/marker-file.txt","metadata_file":"/logs/artifacts/metadata.json"}`)
	f.Add(`{"timeout":0,"grace_period":0,"args":["a","b"],"previous_marker":"p","propagate_error_code":true,"always_zero":true,"process_log":"l","marker_file":"m"}`)
	f.Add(`{"copy_mode_only":true,"copy_dst":"/tools/entrypoint"}`)
	f.Add(`{"timeout":-1,"grace_period":9223372036854775807,"args":[""],"ARGS":null,"process_log":"l","marker_file":"m"}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		from := func(text string) (*wrapper.Entrypoint, error) {
			return load(command.Process{
				Args: []string{"--process-log=flags do not count", "--", "false"}, Stderr: io.Discard,
				Env: func(name string) (string, bool) { return text, name == wrapper.EntrypointEnv },
			})
		}
		o, err := from(text)
		if err != nil || o.Validate() != nil {
			return
		}
		if !o.CopyModeOnly && (len(o.Args) == 0 || o.ProcessLog == "" || o.MarkerFile == "") || o.CopyModeOnly && o.CopyDst == "" {
			t.Errorf("%s is valid: %+v", text, o)
		}
		again, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		o2, err := from(string(again))
		if err != nil {
			t.Fatalf("%s became %s: %v", text, again, err)
		}
		if diff := cmp.Diff(o, o2); diff != "" {
			t.Errorf("%s became %s (-want +got):\n%s", text, again, diff)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package options_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/options"
)

// The options of the fuzz targets below are Prow's own.

func FuzzClone(f *testing.F) {
	f.Add(`{"src_root":"/home/prow/go","log":"/logs/clone.json","git_user_name":"ci-robot","git_user_email":"ci-robot@k8s.io","refs":[{"org":"o","repo":"r","base_ref":"main","base_sha":"abc","pulls":[{"number":1,"author":"a","sha":"def"}],"clone_depth":1,"blobless_fetch":true}],"key_files":["/secrets/ssh/a"],"host_fingerprints":["h"],"max_parallel_workers":4,"fail":true,"cookie_path":"/c","github_api_endpoints":["https://api.github.com"],"github_app_id":"7","github_app_private_key_file":"/k"}`)
	f.Add(`{"oauth_token_file":"/secrets/oauth/token","refs":null}`)
	f.Fuzz(func(t *testing.T, text string) { checkTravels(t, text, options.Clone{}) })
}

func FuzzInitUpload(f *testing.F) {
	f.Add(`{"bucket":"b","path_strategy":"explicit","mediaTypes":{"log":"text/plain"},"compress_file_types":["txt"],"gcs_credentials_file":"/s","dry_run":false,"log":"/logs/clone.json"}`)
	f.Add(`{"items":["/a"],"sub_dir":"d","local_output_dir":"/output","s3_credentials_file":"/s","dry_run":true}`)
	f.Fuzz(func(t *testing.T, text string) { checkTravels(t, text, options.InitUpload{}) })
}

func FuzzSidecar(f *testing.F) {
	f.Add(`{"gcs_options":{"items":["/logs/artifacts"],"bucket":"b","dry_run":false},"entries":[{"args":["make"],"container_name":"test","process_log":"/l","marker_file":"/m","metadata_file":"/d"}],"ignore_interrupts":true,"censoring_options":{"secret_directories":["/s"],"censoring_concurrency":1,"censoring_buffer_size":2,"minimum_secret_length":3}}`)
	f.Add(`{"wrapper_options":{"process_log":"/l","marker_file":"/m"},"entry_error":true,"secret_directories":["/s"],"censoring_concurrency":1}`)
	f.Fuzz(func(t *testing.T, text string) { checkTravels(t, text, options.Sidecar{}) })
}

// checkTravels wants options that can be read to be the same after they were
// written into a pod and read there, as decoration and utility do.
func checkTravels[T any](t *testing.T, text string, first T) {
	t.Helper()
	if json.Unmarshal([]byte(text), &first) != nil {
		return
	}
	written, err := json.Marshal(first)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var again T
	if err := json.Unmarshal(written, &again); err != nil {
		t.Fatalf("%s, written as %s: %v", text, written, err)
	}
	rewritten, err := json.Marshal(again)
	if err != nil {
		t.Fatalf("%s: %v", written, err)
	}
	if diff := cmp.Diff(string(written), string(rewritten)); diff != "" {
		t.Errorf("written again (-first +again):\n%s", diff)
	}
}

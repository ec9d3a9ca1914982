// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// networkRecords is where CNI records, for containerd, how it has connected each
// pod. It cannot be configured, so others' records are there too.
const networkRecords = "/var/lib/cni/results"

// removeHalfRecords removes the records that CNI had written half of when
// containerd was killed. From such a record containerd does not learn how to
// disconnect the pod, and tries it for ever; without one, plugins find that out.
func (c *Cluster) removeHalfRecords() error {
	records, err := c.halfRecords(networkRecords)
	if err != nil {
		return err
	}
	return removeFiles(records)
}

// halfRecords finds them: the names tell of which sandbox they are.
func (c *Cluster) halfRecords(results string) (half []string, err error) {
	sandboxes, err := filepath.Glob(c.settings.Path("containerd", "io.containerd.grpc.v1.cri", "sandboxes", "*"))
	if err != nil {
		return nil, err
	}
	for _, sandbox := range sandboxes {
		records, err := filepath.Glob(filepath.Join(results, "*-"+filepath.Base(sandbox)+"-*"))
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			switch content, err := os.ReadFile(record); {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return nil, err
			case !json.Valid(content):
				half = append(half, record)
			}
		}
	}
	return half, nil
}

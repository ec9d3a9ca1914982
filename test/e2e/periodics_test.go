// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"time"
)

func addPeriodics(s *story, args []string) error {
	files, err := s.files(args[0])
	if err != nil {
		return err
	}
	for name, content := range files {
		path := s.state("configmaps", "job-config", name)
		if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}

// ring does not wait for the minute. There is nothing to ring until the
// controller has seen that something is due, and nothing to start until
// horologium has.
func ring(s *story, args []string) error {
	return s.await(func() error {
		now := time.Now().UTC()
		name := func(at time.Time) string { return fmt.Sprintf("horologium-%02d", at.Hour()) }
		if s.m.Mesh.Ring(s.ctx, s.m.Namespace, name(now)) != nil {
			if err := s.m.Mesh.Ring(s.ctx, s.m.Namespace, name(now.Add(time.Minute))); err != nil {
				return err
			}
		}
		if found, err := s.runs(args[0]); err != nil || len(found) == 0 {
			return fmt.Errorf("there is no run (%w)", err)
		}
		return nil
	})
}

func ran(s *story, args []string) error {
	return s.await(func() error { return s.states(args[0], args[1:]) })
}

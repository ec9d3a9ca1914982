// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"time"

	"go.uber.org/zap"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// startDeployment keeps one replica running, however many the manifest asks
// for: on one machine a second would only wait for the first one's lease.
func (m *Mesh) startDeployment(ctx context.Context, d *appsv1.Deployment) error {
	workload, err := m.workload(d.Namespace, d.Name, d.Spec.Template.Spec)
	if err != nil {
		return err
	}
	log := m.opts.Log.With("deployment", d.Name)
	m.work.Go(func() error {
		restart := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Steps: 8, Cap: 10 * time.Second}
		for {
			err := m.opts.Starter.Run(ctx, workload)
			if ctx.Err() != nil {
				return nil
			}
			log.Errorw("A deployment ended; starting it again", zap.Error(err))
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(restart.Step()):
			}
		}
	})
	return nil
}

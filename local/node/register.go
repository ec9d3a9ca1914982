// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/local/node/fields"
)

// heartbeat is how often the node renews its lease, as kubelet does.
const heartbeat = 10 * time.Second

// machineCapacity is what this machine has.
func machineCapacity(maxPods int) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:  *resource.NewQuantity(int64(runtime.NumCPU()), resource.DecimalSI),
		corev1.ResourcePods: *resource.NewQuantity(int64(maxPods), resource.DecimalSI),
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		list[corev1.ResourceMemory] = *resource.NewQuantity(int64(info.Totalram)*int64(info.Unit), resource.BinarySI)
	}
	return list
}

// beNode registers the Node and keeps it alive until ctx ends. Logs are served
// at port.
func (n *Node) beNode(ctx context.Context, port int) error {
	retry := backoff{first: firstRetry}
	for {
		err := n.register(ctx, port)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		logging.FromContext(ctx).Warnw("registering the node", "node", n.opts.Name, "error", err)
		if !pause(ctx, retry.step()) {
			return nil
		}
	}
	for {
		if err := n.renewLease(ctx); err != nil && ctx.Err() == nil {
			logging.FromContext(ctx).Warnw("renewing the node's lease", "node", n.opts.Name, "error", err)
		}
		if !pause(ctx, heartbeat) {
			return nil
		}
	}
}

// register makes the Node object, or takes over the one that is there.
func (n *Node) register(ctx context.Context, port int) error {
	nodes := n.client.CoreV1().Nodes()
	host, err := os.Hostname()
	if err != nil {
		host = n.opts.Name
	}
	labels := map[string]string{
		corev1.LabelHostname: n.opts.Name, corev1.LabelOSStable: runtime.GOOS, corev1.LabelArchStable: runtime.GOARCH,
	}
	node, err := nodes.Get(ctx, n.opts.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		node, err = nodes.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.opts.Name, Labels: labels}}, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("registering node %s: %w", n.opts.Name, err)
	}
	// A new Node is tainted as not ready, and nobody else is here to see that
	// it is.
	if len(node.Spec.Taints) > 0 {
		node.Spec.Taints = nil
		if node, err = nodes.Update(ctx, node, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("removing the taints of node %s: %w", n.opts.Name, err)
		}
	}
	node.Status = n.nodeStatus(host, port)
	if _, err := nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("writing the status of node %s: %w", n.opts.Name, err)
	}
	return nil
}

// nodeStatus describes the machine.
func (n *Node) nodeStatus(host string, port int) corev1.NodeStatus {
	now := metav1.Now()
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now,
		}
	}
	return corev1.NodeStatus{
		Capacity: n.capacity, Allocatable: n.capacity, Phase: corev1.NodeRunning,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: fields.Address}, {Type: corev1.NodeHostName, Address: host},
		},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
		NodeInfo: corev1.NodeSystemInfo{
			OperatingSystem: runtime.GOOS, Architecture: runtime.GOARCH, KubeletVersion: "cutwater",
			ContainerRuntimeVersion: "cutwater://" + string(n.opts.Isolation), BootID: bootID(),
		},
		Conditions: []corev1.NodeCondition{
			condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "not watched"),
			condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "not watched"),
			condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "not watched"),
			condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "the node is ready; isolation of pods: "+string(n.opts.Isolation)),
		},
	}
}

// renewLease says that the node is alive.
func (n *Node) renewLease(ctx context.Context) error {
	leases := n.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now := metav1.NowMicro()
	seconds := int32(4 * heartbeat / time.Second)
	spec := coordinationv1.LeaseSpec{HolderIdentity: &n.opts.Name, LeaseDurationSeconds: &seconds, RenewTime: &now}
	lease, err := leases.Get(ctx, n.opts.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: n.opts.Name}, Spec: spec}, metav1.CreateOptions{})
		if apierrors.IsNotFound(err) {
			return nil // a young API server makes the namespace soon
		}
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec = spec
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}

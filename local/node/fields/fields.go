// SPDX-License-Identifier: Apache-2.0

// Package fields looks up what a pod may ask about itself, in its environment
// and its volumes: Kubernetes' downward API.
//
// Starts on: nothing, it is pure. Changes: nothing. Config: none. In Prow:
// nothing; kubelet does this there.
package fields

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Address is that of every pod and of the node: pods share the machine's
// network.
const Address = "127.0.0.1"

// Field is the value of the pod's field called path.
func Field(pod *corev1.Pod, path string) (string, error) {
	if rest, ok := strings.CutSuffix(path, "']"); ok {
		if key, ok := strings.CutPrefix(rest, "metadata.labels['"); ok {
			return pod.Labels[key], nil
		}
		if key, ok := strings.CutPrefix(rest, "metadata.annotations['"); ok {
			return pod.Annotations[key], nil
		}
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return lines(pod.Labels), nil
	case "metadata.annotations":
		return lines(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs":
		return Address, nil
	}
	return "", fmt.Errorf("unsupported fieldPath: %s", path)
}

// lines formats m as the downward API does, one key="value" a line.
func lines(m map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, key+"="+strconv.Quote(m[key]))
	}
	return strings.Join(out, "\n")
}

// Resource is the value of the container's request or limit that ref names,
// rounded up to its divisor. Where there is no limit it is the machine's.
func Resource(containers []corev1.Container, own string, ref *corev1.ResourceFieldSelector, machine corev1.ResourceList) (string, error) {
	if ref.ContainerName != "" {
		own = ref.ContainerName
	}
	i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == own })
	if i < 0 {
		return "", fmt.Errorf("container %s not found", own)
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var quantity resource.Quantity
	switch kind {
	case "limits":
		var ok bool
		if quantity, ok = containers[i].Resources.Limits[corev1.ResourceName(name)]; !ok {
			quantity = machine[corev1.ResourceName(name)]
		}
	case "requests":
		quantity = containers[i].Resources.Requests[corev1.ResourceName(name)]
	default:
		return "", fmt.Errorf("unsupported container resource: %s", ref.Resource)
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	if name == string(corev1.ResourceCPU) {
		return strconv.FormatInt(ceilDiv(quantity.MilliValue(), divisor.MilliValue()), 10), nil
	}
	return strconv.FormatInt(ceilDiv(quantity.Value(), divisor.Value()), 10), nil
}

func ceilDiv(a, b int64) int64 {
	if b <= 0 {
		return a
	}
	return (a + b - 1) / b
}

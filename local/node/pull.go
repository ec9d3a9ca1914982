// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/image"
)

// findImage finds out what the container's image means, and pulls it if need
// be, as often as it takes; ok is false when it was asked to stop before.
func (c *container) findImage(asked context.Context) (img *containerImage, ok bool) {
	n := c.worker.node
	if img, ok := n.ownImage(c.spec.Image); ok {
		c.imageFound(img)
		c.event(corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine", c.spec.Image))
		return img, true
	}
	delay := backoff{first: n.opts.Backoff}
	for {
		pulled, err := c.pull(asked)
		if err == nil {
			img := &containerImage{Image: *pulled, id: image.Repository(c.spec.Image) + "@" + pulled.Digest}
			c.imageFound(img)
			return img, true
		}
		if asked.Err() != nil {
			return nil, false
		}
		reason, next := reasonPullError, reasonPullBackOff
		switch {
		case errors.Is(err, errNeverPull):
			reason, next = reasonNeverPull, reasonNeverPull
		case errors.Is(err, image.ErrInvalidName):
			reason, next = reasonInvalidImage, reasonInvalidImage
		}
		c.wait(reason, err.Error())
		c.event(corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %v", c.spec.Image, err))
		c.event(corev1.EventTypeWarning, "Failed", "Error: "+reason)
		// Time for the reason to be seen before the back-off replaces it.
		d := delay.step()
		if !pause(asked, d/10) {
			return nil, false
		}
		if next == reasonPullBackOff {
			text := fmt.Sprintf("Back-off pulling image %q", c.spec.Image)
			c.wait(next, text+": "+err.Error())
			c.event(corev1.EventTypeNormal, "BackOff", text)
		}
		if !pause(asked, d-d/10) {
			return nil, false
		}
	}
}

// ownImage is the image called name if it is something of this machine.
func (n *Node) ownImage(name string) (*containerImage, bool) {
	img := &containerImage{id: name}
	img.Env = n.opts.HostEnv
	if name == HostImage {
		return img, true
	}
	program, ok := n.opts.Images[name]
	if !ok {
		return nil, false
	}
	img.Entrypoint, img.program = program.Entrypoint, program.Entrypoint[0]
	return img, true
}

// imageFound records which image it is.
func (c *container) imageFound(img *containerImage) {
	c.update(func(s *corev1.ContainerStatus) { s.ImageID = img.id })
}

// pull gets the container's image, from the registry unless its policy allows
// otherwise.
func (c *container) pull(ctx context.Context) (*image.Image, error) {
	n, ref := c.worker.node, c.spec.Image
	if c.spec.ImagePullPolicy != corev1.PullAlways {
		if img, ok := n.images.Cached(ref); ok {
			c.event(corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine", ref))
			return img, nil
		}
	}
	if c.spec.ImagePullPolicy == corev1.PullNever {
		return nil, errNeverPull
	}
	creds, err := n.credentials(ctx, c.worker.pod)
	if err != nil {
		return nil, err
	}
	c.event(corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", ref))
	began := time.Now()
	img, err := n.images.Pull(ctx, ref, creds)
	if err != nil {
		return nil, err
	}
	c.event(corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Successfully pulled image %q in %s. Image size: %d bytes.",
		ref, time.Since(began).Round(time.Millisecond), img.Size))
	return img, nil
}

// credentials reads the pod's image pull secrets. A missing one is left out,
// as kubelet does: the image may be public.
func (n *Node) credentials(ctx context.Context, pod *corev1.Pod) (image.Credentials, error) {
	all := image.Credentials{}
	for _, ref := range pod.Spec.ImagePullSecrets {
		secret, err := n.client.CoreV1().Secrets(pod.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			continue
		}
		creds, err := image.ParseCredentials(secret.Data[corev1.DockerConfigJsonKey])
		if err != nil {
			return nil, fmt.Errorf("image pull secret %s: %w", ref.Name, err)
		}
		maps.Copy(all, creds)
	}
	return all, nil
}

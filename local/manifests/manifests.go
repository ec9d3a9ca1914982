// SPDX-License-Identifier: Apache-2.0

// Package manifests reads the manifests of deploy/ into typed objects,
// strictly: an unknown field, a wrong type or an unknown kind is an error that
// names the file.
//
// Started by the one-machine mode, whose mesh honours what it reads, and by the
// test of deploy/. Changes nothing.
package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// Set is what a folder of manifests holds, by kind and in apply order.
type Set struct {
	Namespaces      []*corev1.Namespace
	ServiceAccounts []*corev1.ServiceAccount
	ConfigMaps      []*corev1.ConfigMap
	Roles           []*rbacv1.Role
	RoleBindings    []*rbacv1.RoleBinding
	CRDs            []*apiextensionsv1.CustomResourceDefinition
	Deployments     []*appsv1.Deployment
	Functions       []*servingv1.Service
	Brokers         []*eventingv1.Broker
	Triggers        []*eventingv1.Trigger
	SinkBindings    []*sourcesv1.SinkBinding
	PingSources     []*sourcesv1.PingSource

	NetworkPolicies      []*networkingv1.NetworkPolicy
	PodDisruptionBudgets []*policyv1.PodDisruptionBudget
	PriorityClasses      []*schedulingv1.PriorityClass
	// Of overlays:
	Services     []*corev1.Service
	VolumeClaims []*corev1.PersistentVolumeClaim
}

// Load reads every *.yaml file of fsys but the kustomizations.
func Load(fsys fs.FS) (*Set, error) {
	decoder, err := newDecoder()
	if err != nil {
		return nil, err
	}
	set := &Set{}
	var errs []error
	err = fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".yaml") || entry.Name() == "kustomization.yaml" {
			return nil
		}
		content, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		if err := set.read(decoder, content); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
		return nil
	})
	return set, errors.Join(err, errors.Join(errs...))
}

// newDecoder decodes the kinds that we ship, and refuses unknown fields.
func newDecoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, apiextensionsv1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, schedulingv1.AddToScheme,
		eventingv1.AddToScheme, sourcesv1.AddToScheme, servingv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

// read adds the documents of one file.
func (s *Set) read(decoder runtime.Decoder, content []byte) error {
	var errs []error
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for n := 1; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return errors.Join(errs...)
		}
		if err != nil {
			return err
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err == nil {
			err = s.add(object)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("document %d: %w", n, err))
		}
	}
}

func (s *Set) add(object runtime.Object) error {
	switch o := object.(type) {
	case *corev1.Namespace:
		s.Namespaces = append(s.Namespaces, o)
	case *corev1.ServiceAccount:
		s.ServiceAccounts = append(s.ServiceAccounts, o)
	case *corev1.ConfigMap:
		s.ConfigMaps = append(s.ConfigMaps, o)
	case *rbacv1.Role:
		s.Roles = append(s.Roles, o)
	case *rbacv1.RoleBinding:
		s.RoleBindings = append(s.RoleBindings, o)
	case *apiextensionsv1.CustomResourceDefinition:
		s.CRDs = append(s.CRDs, o)
	case *appsv1.Deployment:
		s.Deployments = append(s.Deployments, o)
	case *servingv1.Service:
		s.Functions = append(s.Functions, o)
	case *eventingv1.Broker:
		s.Brokers = append(s.Brokers, o)
	case *eventingv1.Trigger:
		s.Triggers = append(s.Triggers, o)
	case *sourcesv1.SinkBinding:
		s.SinkBindings = append(s.SinkBindings, o)
	case *sourcesv1.PingSource:
		s.PingSources = append(s.PingSources, o)
	case *networkingv1.NetworkPolicy:
		s.NetworkPolicies = append(s.NetworkPolicies, o)
	case *policyv1.PodDisruptionBudget:
		s.PodDisruptionBudgets = append(s.PodDisruptionBudgets, o)
	case *schedulingv1.PriorityClass:
		s.PriorityClasses = append(s.PriorityClasses, o)
	case *corev1.Service:
		s.Services = append(s.Services, o)
	case *corev1.PersistentVolumeClaim:
		s.VolumeClaims = append(s.VolumeClaims, o)
	default:
		return fmt.Errorf("a %T has no place here", object)
	}
	return nil
}

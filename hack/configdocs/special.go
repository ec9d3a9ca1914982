// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	documents "github.com/cutwater-ci/cutwater/config/document"
)

// The forms of texts that mean something.
const (
	durationPattern = `^[-+]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*)$`
	durationError   = "Want a duration such as 30s or 1h30m."
	quantityPattern = `^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$`
)

// special are the schemas of types that read themselves.
func special() map[reflect.Type]*schema {
	anything := func(description string) *schema { return &schema{Description: description} }
	moment := func() *schema {
		return &schema{Type: nullable("string"), Format: "date-time", Description: "A time in the form of RFC 3339, such as 2006-01-02T15:04:05Z."}
	}
	return map[reflect.Type]*schema{
		reflect.TypeFor[prowv1.Duration](): {
			Type: nullable("string", "integer"), Pattern: durationPattern, PatternError: durationError,
		},
		reflect.TypeFor[metav1.Duration](): {
			Type: nullable("string"), Pattern: durationPattern, PatternError: durationError,
			Description: "A duration such as 1h30m.",
		},
		reflect.TypeFor[resource.Quantity](): {
			Type: nullable("string", "number"), Pattern: quantityPattern, PatternError: "Want an amount such as 500m or 2Gi.",
			Description: "An amount, such as 500m or 2Gi.",
		},
		reflect.TypeFor[intstr.IntOrString]():   {Type: nullable("string", "integer"), Description: "A number or a name."},
		reflect.TypeFor[time.Time]():            moment(),
		reflect.TypeFor[metav1.Time]():          moment(),
		reflect.TypeFor[metav1.MicroTime]():     moment(),
		reflect.TypeFor[metav1.FieldsV1]():      anything("Anything."),
		reflect.TypeFor[runtime.RawExtension](): {Type: nullable("object")},
		reflect.TypeFor[json.RawMessage]():      anything("Anything."),
		reflect.TypeFor[documents.Node]():       anything("Anything."),
		reflect.TypeFor[documents.Ignored]():    anything("Anything."),
	}
}

// specialWords are what the page calls values of such types.
func specialWords() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[metav1.Duration]():      "duration",
		reflect.TypeFor[resource.Quantity]():    "quantity",
		reflect.TypeFor[time.Time]():            "time",
		reflect.TypeFor[runtime.RawExtension](): "mapping",
		reflect.TypeFor[documents.Ignored]():    "anything",
	}
}

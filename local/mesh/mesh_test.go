// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

const testManifests = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ns}
data: {colour: blue}
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default, namespace: ns}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: sender, namespace: ns}
spec:
  template:
    spec:
      containers:
      - image: sender
        env:
        - {name: CONFIG_PATH, value: /etc/config/config.yaml}
        - name: COLOUR
          valueFrom: {configMapKeyRef: {name: settings, key: colour}}
        volumeMounts: [{name: config, mountPath: /etc/config}]
      volumes: [{name: config, configMap: {name: config}}]
---
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: {name: sender, namespace: ns}
spec:
  subject: {apiVersion: serving.knative.dev/v1, kind: Service, name: sender}
  sink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: receiver, namespace: ns}
spec: {template: {spec: {containers: [{image: receiver}]}}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: receiver, namespace: ns}
spec:
  broker: default
  filters: [{prefix: {type: wanted.}}]
  subscriber: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: receiver}}
  delivery:
    retry: 3
    backoffPolicy: linear
    backoffDelay: PT0.01S
    deadLetterSink: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: receiver}, uri: /dead-letter}
`

// startTest starts the mesh of testManifests with a receiver of the test's.
// The context of each instance of the receiver is sent to starts.
func startTest(t *testing.T, receiver http.HandlerFunc, idleAfter time.Duration, starts chan<- context.Context) (*Mesh, *function.Lookup) {
	t.Helper()
	set, err := manifests.Load(fstest.MapFS{"all.yaml": {Data: []byte(testManifests)}})
	if err != nil {
		t.Fatal(err)
	}
	var senderEnv function.Lookup
	log := zaptest.NewLogger(t).Sugar()
	starter := InProcess{Log: log, Functions: map[string]function.New{
		"receiver": func(ctx context.Context, _ function.Lookup) (http.Handler, error) {
			starts <- ctx
			return receiver, nil
		},
		"sender": func(_ context.Context, env function.Lookup) (http.Handler, error) {
			senderEnv = env
			return http.NotFoundHandler(), nil
		},
	}}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Start(t.Context(), Options{
		Manifests: set, Starter: starter, IdleAfter: idleAfter, Log: log,
		Files: map[string]string{"configmap/config": folder},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	response, err := http.Get(m.URL("ns", "sender")) // starts the sender, so that it reads its environment
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return m, &senderEnv
}

func send(t *testing.T, url, eventType, id string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Ce-Specversion": "1.0", "Ce-Type": eventType, "Ce-Id": id, "Ce-Source": "test", "Content-Type": "text/plain"} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		t.Fatalf("sending an event: got %s, want 202", response.Status)
	}
}

// An event goes where a Trigger wants it, unchanged, and again until it is taken.
func TestBroker(t *testing.T) {
	var tries atomic.Int32
	got := make(chan string, 10)
	_, env := startTest(t, func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 3 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		body, _ := io.ReadAll(r.Body)
		got <- r.Header.Get("Ce-Type") + " " + r.Header.Get("Ce-Id") + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
	}, time.Minute, make(chan context.Context, 1))

	sink, _ := (*env)("K_SINK")
	send(t, sink, "unwanted.event", "1")
	send(t, sink, "wanted.event", "2")
	if want, got := "wanted.event 2 body", <-got; got != want {
		t.Errorf("the receiver got %q, want %q", got, want)
	}
	if tries.Load() != 3 {
		t.Errorf("the event was sent %d times, want 3: twice refused, then taken", tries.Load())
	}
}

// What nobody takes goes to the dead letter sink, which hears why.
func TestDeadLetter(t *testing.T) {
	var tries atomic.Int32
	got := make(chan string, 10)
	m, env := startTest(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/dead-letter" {
			tries.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		body, _ := io.ReadAll(r.Body)
		got <- r.Header.Get("Ce-Id") + " " + string(body) + " " + r.Header.Get("Ce-Knativeerrorcode") + " " + r.Header.Get("Ce-Knativeerrordest")
		w.WriteHeader(http.StatusAccepted)
	}, time.Minute, make(chan context.Context, 1))
	sink, _ := (*env)("K_SINK")
	send(t, sink, "wanted.event", "2")
	if want, got := "2 body 500 "+m.URL("ns", "receiver")+"/", <-got; got != want {
		t.Errorf("the dead letter sink got %q, want %q", got, want)
	}
	if tries.Load() != 4 {
		t.Errorf("the event was sent %d times before, want 4", tries.Load())
	}
}

// A function sees its variables, with references and mounted paths resolved.
func TestEnvironment(t *testing.T) {
	m, env := startTest(t, http.NotFound, time.Minute, make(chan context.Context, 1))
	for name, want := range map[string]string{
		"COLOUR":      "blue",
		"CONFIG_PATH": filepath.Join(m.opts.Files["configmap/config"], "config.yaml"),
		"K_SERVICE":   "sender",
	} {
		if got, _ := (*env)(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// An idle function is stopped, and the next request starts it again.
func TestScaleToZero(t *testing.T) {
	starts := make(chan context.Context, 1)
	m, _ := startTest(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, time.Millisecond, starts)
	for range 2 {
		response, err := http.Get(m.URL("ns", "receiver"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		instance := <-starts
		<-instance.Done()
	}
}

// SPDX-License-Identifier: Apache-2.0

// Package forge is the GitHub of a test cluster: githubtest as a pod, which
// serves REST and git and sends signed webhooks. What people do on GitHub's
// pages is asked for at paths below /control/, with [Client].
//
// Started as a pod by test/cluster. Changes nothing outside of its folder; a new
// pod is an empty GitHub.
package forge

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

const (
	// Program is the import path of the program.
	Program = "github.com/cutwater-ci/cutwater/test/cluster/cmd/forge"
	// URL is where the cluster reaches the forge: REST, git and pages.
	URL = "http://forge.forge.svc.cluster.local"
	// Bot is who Cutwater is there.
	Bot = "cutwater-bot"

	address = ":8080"
)

//go:embed manifest.yaml
var manifest []byte

// Manifests returns the objects that run the forge as a pod, with its image.
func Manifests(references map[string]string) ([]*objects.Object, error) {
	found, err := objects.Read(manifest)
	if err != nil {
		return nil, err
	}
	return found, objects.Images(found, references)
}

// Environment is what the program is told.
type Environment struct {
	// Dir is where the repositories are.
	Dir string `env:"DIR,required"`
	// BotToken is the bot's token, HMACSecret what webhooks are signed with.
	BotToken   string `env:"BOT_TOKEN,required"`
	HMACSecret string `env:"HMAC_SECRET,required"`
	// Ingress is the address that every webhook is sent to, whatever its URL's host:
	// the names of the cluster's functions are known to no name server.
	Ingress string `env:"INGRESS,required"`
}

// Run serves until ctx ends.
func Run(ctx context.Context, env Environment) error {
	server, err := githubtest.New(githubtest.Options{Dir: env.Dir, Client: through(env.Ingress)}) //nolint:contextcheck // each request has its own
	if err != nil {
		return err
	}
	defer server.Close()
	server.SetURL(URL)
	server.AddToken(env.BotToken, Bot)
	web := &http.Server{Addr: address, Handler: Handler(server, env.HMACSecret), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	if err := web.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// through is a client with GitHub's patience that connects to one address only.
func through(address string) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Timeout: 10 * time.Second, Transport: transport, CheckRedirect: stay}
}

// Handler serves the forge, and what people do below /control/.
func Handler(server *githubtest.Server, secret string) http.Handler {
	c := control{server: server, secret: secret}
	mux := http.NewServeMux()
	mux.Handle("/", server)
	mux.Handle("POST /control/repos", answer(c.createRepo))
	mux.Handle("POST /control/webhooks", answer(c.addWebhook))
	mux.Handle("POST /control/pulls", answer(c.openPull))
	mux.Handle("POST /control/pushes", answer(c.push))
	mux.Handle("POST /control/comments", answer(c.comment))
	mux.Handle("POST /control/redeliveries", answer(c.redeliver))
	mux.Handle("POST /control/refusals", answer(c.refuse))
	mux.Handle("POST /control/deliveries", answer(c.deliveries))
	mux.HandleFunc("GET /control/health", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// maxBody is what one request may say: files of a repository.
const maxBody = 16 << 20

// answer serves one thing that people do: a JSON document in, another out.
func answer[In, Out any](do func(context.Context, In) (Out, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
			http.Error(w, fmt.Sprintf("reading the request: %v", err), http.StatusBadRequest)
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // who does not listen is gone
	})
}

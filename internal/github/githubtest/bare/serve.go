// SPDX-License-Identifier: Apache-2.0

package bare

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// Services are what git clients ask for.
const (
	UploadPack  = "git-upload-pack"  // clone and fetch
	ReceivePack = "git-receive-pack" // push
)

// Serve answers one request of git's smart HTTP protocol: GET info/refs when
// advertise, otherwise POST of the service.
//
// https://git-scm.com/docs/gitprotocol-http
func (r *Repo) Serve(w http.ResponseWriter, req *http.Request, service string, advertise bool) error {
	if !slices.Contains([]string{UploadPack, ReceivePack}, service) {
		http.Error(w, "service not supported", http.StatusForbidden)
		return nil
	}
	w.Header().Set("Cache-Control", "no-cache")
	if advertise {
		return r.advertise(w, req, service)
	}
	if req.Header.Get("Content-Type") != "application/x-"+service+"-request" {
		http.Error(w, "unsupported media type", http.StatusUnsupportedMediaType)
		return nil
	}
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			http.Error(w, "bad gzip", http.StatusBadRequest)
			return nil
		}
		body = z
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-result")
	return r.run(req, service, body, w)
}

// advertise tells which refs there are. Version 2 of the protocol does without
// the first line.
func (r *Repo) advertise(w http.ResponseWriter, req *http.Request, service string) error {
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	if service == ReceivePack || req.Header.Get("Git-Protocol") != "version=2" {
		line := "# service=" + service + "\n"
		if _, err := fmt.Fprintf(w, "%04x%s0000", len(line)+4, line); err != nil {
			return err
		}
	}
	return r.run(req, service, nil, w, "--advertise-refs")
}

// run lets git itself answer.
func (r *Repo) run(req *http.Request, service string, stdin io.Reader, stdout io.Writer, flags ...string) error {
	args := append([]string{service[len("git-"):], "--stateless-rpc"}, flags...)
	var env []string
	if protocol := req.Header.Get("Git-Protocol"); protocol != "" {
		env = append(env, "GIT_PROTOCOL="+protocol)
	}
	ctx := req.Context()
	if service == ReceivePack {
		ctx = context.WithoutCancel(ctx) // a half-done push would leave refs behind the client's back
	}
	var stderr bytes.Buffer
	cmd := r.command(ctx, env, append(args, r.Dir)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.Is(req.Context().Err(), context.Canceled) {
		return fmt.Errorf("git %s: %w: %s", service, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return nil
}

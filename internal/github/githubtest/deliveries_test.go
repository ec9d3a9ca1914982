// SPDX-License-Identifier: Apache-2.0

package githubtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// TestDeliveryAPI reads one delivery whole, after a failure and a redelivery. That
// it looks like GitHub's is checked with every exchange.
func TestDeliveryAPI(t *testing.T) {
	s := start(t)
	r := listen(t, s)
	drain(t, s)
	r.status = 500
	must[string](t)(s.Push(t.Context(), "ann", repo, githubtest.Commit{Message: "M", Files: map[string]string{"a": "b"}}))
	drain(t, s)
	r.status = 200
	var hooks []struct{ ID int64 }
	ask(t, s, http.MethodGet, "/repos/org/repo/hooks", &hooks)
	path := fmt.Sprintf("/repos/org/repo/hooks/%d/deliveries", hooks[0].ID)
	var list []struct {
		ID         int64
		GUID       string
		Redelivery bool
		Status     string
	}
	ask(t, s, http.MethodGet, path+"?status=failure", &list)
	diff(t, "failure", list[0].Status, "Invalid HTTP Response: 500")
	ask(t, s, http.MethodPost, fmt.Sprintf("%s/%d/attempts", path, list[0].ID), &struct{}{})
	drain(t, s)
	guid := list[0].GUID
	ask(t, s, http.MethodGet, path, &list)
	if len(list) != 3 || !list[0].Redelivery || list[0].GUID != guid || list[0].Status != "OK" || list[2].Redelivery {
		t.Errorf("got %+v, want the ping, the push and its redelivery, the newest first", list)
	}
	var one struct {
		URL     string
		Request struct{ Payload struct{ Ref string } }
	}
	ask(t, s, http.MethodGet, fmt.Sprintf("%s/%d", path, list[0].ID), &one)
	diff(t, "ref", one.Request.Payload.Ref, "refs/heads/main")
}

// TestDeliveriesAreKept for three days, and no longer.
func TestDeliveriesAreKept(t *testing.T) {
	var late atomic.Int64 // by how much the clock is ahead
	s := githubtest.Start(t, githubtest.Options{Now: func() time.Time { return time.Now().Add(time.Duration(late.Load())) }})
	s.AddOwner("org", "ann")
	s.Lose(func(githubtest.Delivery) bool { return true })
	check(t, s.AddWebhook(githubtest.Webhook{URL: "http://lost.example", Org: "org"}))
	drain(t, s)
	var hooks []struct{ ID int64 }
	ask(t, s, http.MethodGet, "/orgs/org/hooks", &hooks)
	for _, want := range []int{1, 0} {
		var list []struct{ Status string }
		ask(t, s, http.MethodGet, fmt.Sprintf("/orgs/org/hooks/%d/deliveries", hooks[0].ID), &list)
		diff(t, "deliveries", len(list), want)
		late.Store(int64(3*24*time.Hour + time.Minute))
	}
}

// ask sends a request as ann.
func ask(t *testing.T, s *githubtest.Server, method, path string, into any) {
	t.Helper()
	req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), method, s.URL()+path, http.NoBody))
	req.Header.Set("Authorization", "Bearer "+s.Token("ann"))
	resp := must[*http.Response](t)(http.DefaultClient.Do(req))
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode > 299 {
		t.Fatalf("%s %s: got %s", method, path, resp.Status)
	}
	check(t, json.NewDecoder(resp.Body).Decode(into))
}

// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// Webhook says which events are sent where.
type Webhook struct {
	URL    string
	Secret string
	// Org gets the events of all its repositories, Repo ("org/name") of one; both
	// empty means all repositories, as a GitHub App does.
	Org, Repo string
	// Events are those wanted; empty means all.
	Events []string
}

// hook is a webhook with its number.
type hook struct {
	Webhook
	id     int64
	events []string
	queue  *queue
}

func (h *hook) wants(event string, r *repo) bool {
	if len(h.Events) > 0 && !slices.Contains(h.Events, event) {
		return false
	}
	return (h.Org == "" || key(h.Org) == key(r.owner.login)) && (h.Repo == "" || key(h.Repo) == key(r.fullName()))
}

// AddWebhook sends a ping there, and from now on events.
func (s *Server) AddWebhook(w Webhook) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &hook{Webhook: w, id: s.id(), events: w.Events}
	if len(h.events) == 0 {
		h.events = []string{"*"}
	}
	h.queue = s.deliveries.newQueue(h)
	s.hooks = append(s.hooks, h)
	ping := object{"zen": "Keep it logically awesome.", "hook_id": h.id, "hook": s.hookJSON(h)}
	ping["sender"] = s.userJSON(s.account(firstOf(w.Org, "github")))
	if w.Repo != "" {
		name, err := github.ParseRepo(w.Repo)
		if err != nil {
			return err
		}
		r, err := s.find(name)
		if err != nil {
			return err
		}
		ping["repository"], ping["sender"] = s.repoJSON(r), s.userJSON(r.owner)
	}
	return s.send(h, "ping", s.o.NewGUID(), ping)
}

// emit sends the event to the webhooks that want it. The payload is completed
// with the repository, the org and who did it.
func (s *Server) emit(event string, r *repo, sender *user, payload object) error {
	payload["repository"], payload["sender"] = s.repoJSON(r), s.userJSON(sender)
	if event == "push" {
		payload["repository"] = s.pushedRepoJSON(r)
	}
	if o := s.orgs[key(r.owner.login)]; o != nil {
		payload["organization"] = s.orgJSON(o)
	}
	guid := s.o.NewGUID() // one for all webhooks
	for _, h := range s.hooks {
		if h.wants(event, r) {
			if err := s.send(h, event, guid, payload); err != nil {
				return err
			}
		}
	}
	return nil
}

// send queues one delivery.
func (s *Server) send(h *hook, event, guid string, payload object) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("writing the webhook %s: %w", event, err)
	}
	if s.o.Validator != nil {
		if err := s.o.Validator.Webhook(event, body); err != nil {
			s.invalid(fmt.Errorf("webhook %s: %w", event, err))
		}
	}
	action, _ := payload["action"].(string)
	h.queue.put(Delivery{GUID: guid, Event: event, Action: action, Hook: h.id, Payload: body})
	return nil
}

// Deliveries returns what was sent, oldest first; at most the last 10,000.
func (s *Server) Deliveries() []Delivery { return s.deliveries.all() }

// Redeliver sends again what was sent under the GUID.
func (s *Server) Redeliver(guid string) error { return s.deliveries.again(guid) }

// Lose has GitHub fail to reach webhooks for the deliveries that f picks, as when
// a host is down: they are recorded as failed, and not sent. A nil f ends that. It
// must not call the server.
func (s *Server) Lose(f func(Delivery) bool) {
	s.deliveries.mu.Lock()
	defer s.deliveries.mu.Unlock()
	s.deliveries.loses = f
}

// Drain waits until everything has been sent.
func (s *Server) Drain(ctx context.Context) error { return s.deliveries.drain(ctx) }

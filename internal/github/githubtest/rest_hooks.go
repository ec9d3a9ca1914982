// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// deliveriesKept is how long GitHub tells of deliveries, and sends them again.
const deliveriesKept = 3 * 24 * time.Hour

// hookRoutes are the operations of webhooks and their deliveries.
func (s *Server) hookRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /app/hook/config", func(c *call) (answer, error) {
		hooks, err := c.appHooks()
		if err != nil {
			return answer{}, err
		}
		config := object{"content_type": "json", "insecure_ssl": "0"}
		for _, h := range hooks {
			config["url"] = h.URL
			if h.Secret != "" {
				config["secret"] = "********"
			}
		}
		return ok(config)
	})
	lists := map[string]func(*call) ([]*hook, error){
		"/app/hook":                             (*call).appHooks,
		"/repos/{owner}/{repo}/hooks/{hook_id}": (*call).repoHooks,
		"/orgs/{org}/hooks/{hook_id}":           (*call).orgHooks,
	}
	for path, hooks := range lists {
		if above, isOne := strings.CutSuffix(path, "/{hook_id}"); isOne {
			route("GET "+above, func(c *call) (answer, error) {
				all, err := hooks(c)
				if err != nil {
					return answer{}, err
				}
				return ok(list(page(c, all), s.hookJSON))
			})
		}
		route("GET "+path+"/deliveries", func(c *call) (answer, error) { return c.listDeliveries(hooks) })
		route("GET "+path+"/deliveries/{delivery}", func(c *call) (answer, error) { return c.getDelivery(hooks) })
		route("POST "+path+"/deliveries/{delivery}/attempts", func(c *call) (answer, error) { return c.redeliver(hooks) })
	}
}

// appHooks are the webhooks of the app that calls: those of all repositories.
func (c *call) appHooks() ([]*hook, error) {
	if c.app == nil {
		return nil, needsAuthentication()
	}
	return c.hooks(func(h *hook) bool { return h.Org == "" && h.Repo == "" })
}

// repoHooks are the webhooks of the path's repository, or the one of the path.
// Who may not see them is told that there are none.
func (c *call) repoHooks() ([]*hook, error) {
	r, err := c.repo()
	if err != nil || !c.s.may(r, c.who, "admin") {
		return nil, notFound()
	}
	return c.hooks(func(h *hook) bool { return key(h.Repo) == key(r.fullName()) })
}

// orgHooks are those of the path's organization.
func (c *call) orgHooks() ([]*hook, error) {
	o := c.s.orgs[key(c.PathValue("org"))]
	if o == nil || o.members[key(c.who.login)] != "admin" {
		return nil, notFound()
	}
	return c.hooks(func(h *hook) bool { return h.Org != "" && key(h.Org) == key(o.account.login) })
}

// hooks are those that fit; where the path names one, it must be among them.
func (c *call) hooks(fits func(*hook) bool) ([]*hook, error) {
	id := c.PathValue("hook_id")
	var found []*hook
	for _, h := range c.s.hooks {
		if fits(h) && (id == "" || id == strconv.FormatInt(h.id, 10)) {
			found = append(found, h)
		}
	}
	if id != "" && len(found) == 0 {
		return nil, notFound()
	}
	return found, nil
}

// attempt is a delivery with one of its attempts, which is what GitHub calls a
// delivery.
type attempt struct {
	*sent
	Attempt
}

// attempts are those that GitHub tells of, the newest first.
func (c *call) attempts(of func(*call) ([]*hook, error)) ([]attempt, error) {
	hooks, err := of(c)
	if err != nil {
		return nil, err
	}
	oldest := c.s.now().Add(-deliveriesKept)
	d := c.s.deliveries
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []attempt
	for _, sent := range d.log {
		if !slices.Contains(hooks, sent.queue.hook) {
			continue
		}
		for _, a := range sent.Attempts {
			if !a.At.Before(oldest) {
				all = append(all, attempt{sent, a})
			}
		}
	}
	slices.SortFunc(all, func(a, b attempt) int { return cmp.Compare(b.ID, a.ID) })
	return all, nil
}

// listDeliveries answers with one page of attempts. GitHub's cursors are opaque.
func (c *call) listDeliveries(of func(*call) ([]*hook, error)) (answer, error) {
	all, err := c.attempts(of)
	if err != nil {
		return answer{}, err
	}
	query := c.URL.Query()
	if wanted := query.Get("status"); wanted != "" {
		all = slices.DeleteFunc(all, func(a attempt) bool { return a.ok() != (wanted == "success") })
	}
	if cursor := query.Get("cursor"); cursor != "" {
		before, err := strconv.ParseInt(strings.TrimPrefix(cursor, "v1_"), 10, 64)
		if err != nil {
			return answer{}, invalidField("Hook", "cursor", "Invalid cursor")
		}
		all = slices.DeleteFunc(all, func(a attempt) bool { return a.ID > before })
	}
	size := min(100, max(1, intOr(query.Get("per_page"), 30)))
	if len(all) > size {
		query.Set("cursor", fmt.Sprintf("v1_%d", all[size].ID))
		c.header.Set("Link", fmt.Sprintf("<%s%s?%s>; rel=\"next\"", c.s.url, c.URL.EscapedPath(), query.Encode()))
		all = all[:size]
	}
	return ok(list(all, attempt.json))
}

// attempt is the one of the path.
func (c *call) attempt(of func(*call) ([]*hook, error)) (attempt, error) {
	all, err := c.attempts(of)
	if err != nil {
		return attempt{}, err
	}
	i := slices.IndexFunc(all, func(a attempt) bool { return strconv.FormatInt(a.ID, 10) == c.PathValue("delivery") })
	if i < 0 {
		return attempt{}, notFound()
	}
	return all[i], nil
}

func (c *call) getDelivery(of func(*call) ([]*hook, error)) (answer, error) {
	a, err := c.attempt(of)
	if err != nil {
		return answer{}, err
	}
	request := object{"headers": object{"X-GitHub-Delivery": a.GUID, "X-GitHub-Event": a.Event}, "payload": json.RawMessage(a.Payload)}
	return ok(with(a.json(), object{
		"url": a.queue.hook.URL, "request": request,
		"response": object{"headers": object{}, "payload": a.Body},
	}))
}

func (c *call) redeliver(of func(*call) ([]*hook, error)) (answer, error) {
	a, err := c.attempt(of)
	if err != nil {
		return answer{}, err
	}
	a.again()
	return answer{http.StatusAccepted, object{}}, nil
}

// json is an attempt as lists have it.
func (a attempt) json() object {
	status := "OK"
	switch {
	case a.Error != "":
		status = a.Error
	case !a.ok():
		status = fmt.Sprintf("Invalid HTTP Response: %d", a.Status)
	}
	var action any
	if a.Action != "" {
		action = a.Action
	}
	return object{
		"id": a.ID, "guid": a.GUID, "delivered_at": a.At.UTC().Format(time.RFC3339Nano), "redelivery": a.Redelivery,
		"duration": a.Duration.Seconds(), "status": status, "status_code": a.Status, "event": a.Event, "action": action,
		"installation_id": nil, "repository_id": nil, "throttled_at": nil,
	}
}

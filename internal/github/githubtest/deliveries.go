// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Delivery is one event sent to one webhook.
type Delivery struct {
	GUID          string
	Event, Action string
	Hook          int64
	Payload       []byte
	Attempts      []Attempt // empty while it waits
}

// Attempt is one sending of a delivery.
type Attempt struct {
	ID         int64 // larger than those of attempts that ended before
	At         time.Time
	Duration   time.Duration
	Status     int    // of the answer, 0 when there was none
	Body       string // the beginning of the answer
	Error      string
	Redelivery bool
}

// OK reports whether the last attempt was answered with success.
func (d Delivery) OK() bool {
	return len(d.Attempts) > 0 && d.Attempts[len(d.Attempts)-1].ok()
}

func (a Attempt) ok() bool { return a.Status >= 200 && a.Status < 300 }

const (
	keptDeliveries = 10_000
	keptAnswer     = 1 << 10
)

// deliveries sends events, for each webhook one after the other.
type deliveries struct {
	client *http.Client
	now    func() time.Time
	ctx    context.Context // ends with the server
	stop   context.CancelFunc

	mu      sync.Mutex
	log     []*sent
	lastID  int64
	loses   func(Delivery) bool // may be nil
	waiting int
	idle    chan struct{} // closed when nothing waits
}

// sent is a delivery with the queue it went through.
type sent struct {
	Delivery
	queue *queue
}

func newDeliveries(client *http.Client, now func() time.Time) *deliveries {
	ctx, stop := context.WithCancel(context.Background()) // until close
	idle := make(chan struct{})
	close(idle)
	return &deliveries{client: client, now: now, ctx: ctx, stop: stop, idle: idle}
}

// close waits until nothing is being sent any more.
func (d *deliveries) close() {
	d.stop()
	d.mu.Lock()
	idle := d.idle
	d.mu.Unlock()
	<-idle
}

// queue keeps the order of one webhook's events.
type queue struct {
	all  *deliveries
	hook *hook

	mu      sync.Mutex
	jobs    []job
	running bool
}

type job struct {
	sent       *sent
	redelivery bool
}

func (d *deliveries) newQueue(h *hook) *queue { return &queue{all: d, hook: h} }

// put appends to the queue and sees to it that somebody works on it.
func (q *queue) put(d Delivery) {
	q.all.mu.Lock()
	s := &sent{Delivery: d, queue: q}
	q.all.log = append(q.all.log, s)
	if extra := len(q.all.log) - keptDeliveries; extra > 0 {
		q.all.log = append([]*sent(nil), q.all.log[extra:]...)
	}
	q.all.mu.Unlock()
	q.start(job{sent: s})
}

func (q *queue) start(j job) {
	q.all.mu.Lock()
	if q.all.waiting == 0 {
		q.all.idle = make(chan struct{})
	}
	q.all.waiting++
	q.all.mu.Unlock()

	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
	if !q.running {
		q.running = true
		go q.work()
	}
}

// work sends until the queue is empty.
func (q *queue) work() {
	for {
		q.mu.Lock()
		if len(q.jobs) == 0 {
			q.running = false
			q.mu.Unlock()
			return
		}
		j := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()

		attempt := q.all.try(q.hook, j.sent.Delivery)
		attempt.Redelivery = j.redelivery
		q.all.done(j.sent, attempt)
	}
}

func (d *deliveries) done(s *sent, attempt Attempt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lastID++
	attempt.ID = d.lastID
	s.Attempts = append(s.Attempts, attempt)
	d.waiting--
	if d.waiting == 0 {
		close(d.idle)
	}
}

// errLost is what GitHub says of a host that does not answer.
var errLost = errors.New("failed to connect to host")

// try sends the delivery, unless it is to be lost.
func (d *deliveries) try(h *hook, delivery Delivery) Attempt {
	d.mu.Lock()
	loses := d.loses
	d.mu.Unlock()
	if loses != nil && loses(delivery) {
		return Attempt{At: d.now(), Error: errLost.Error()}
	}
	return d.send(h, delivery)
}

// send posts the delivery as GitHub does.
func (d *deliveries) send(h *hook, delivery Delivery) Attempt {
	attempt := Attempt{At: d.now()}
	fail := func(err error) Attempt {
		attempt.Error, attempt.Duration = err.Error(), d.now().Sub(attempt.At)
		return attempt
	}
	req, err := http.NewRequestWithContext(d.ctx, http.MethodPost, h.URL, bytes.NewReader(delivery.Payload))
	if err != nil {
		return fail(err)
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "GitHub-Hookshot/0000000")
	req.Header.Set("X-GitHub-Delivery", delivery.GUID)
	req.Header.Set("X-GitHub-Event", delivery.Event)
	req.Header.Set("X-GitHub-Hook-ID", strconv.FormatInt(h.id, 10))
	if h.Secret != "" {
		req.Header.Set("X-Hub-Signature-256", Sign(h.Secret, delivery.Payload))
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, keptAnswer))
	attempt.Status, attempt.Body = resp.StatusCode, string(body)
	if err != nil {
		return fail(err)
	}
	attempt.Duration = d.now().Sub(attempt.At)
	return attempt
}

// Sign returns the value of X-Hub-Signature-256 for the payload.
func Sign(secret string, payload []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(payload)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func (d *deliveries) all() []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Delivery, len(d.log))
	for i, s := range d.log {
		all[i] = s.Delivery
		all[i].Attempts = append([]Attempt(nil), s.Attempts...)
	}
	return all
}

// again queues everything sent under the GUID once more.
func (d *deliveries) again(guid string) error {
	d.mu.Lock()
	var found []*sent
	for _, s := range d.log {
		if s.GUID == guid {
			found = append(found, s)
		}
	}
	d.mu.Unlock()
	if len(found) == 0 {
		return fmt.Errorf("there is no delivery %s", guid)
	}
	for _, s := range found {
		s.again()
	}
	return nil
}

// again queues the delivery once more.
func (s *sent) again() { s.queue.start(job{s, true}) }

func (d *deliveries) drain(ctx context.Context) error {
	d.mu.Lock()
	idle := d.idle
	d.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SPDX-License-Identifier: Apache-2.0

package github

import (
	"bytes"
	"container/list"
	"io"
	"maps"
	"net/http"
	"sync"
)

// etagCache keeps answers in memory and asks GitHub whether they still hold.
// A "not modified" does not count against the rate limit. Every answer is
// checked, so none is ever stale.
type etagCache struct {
	next http.RoundTripper
	max  int

	mu      sync.Mutex
	size    int
	entries map[string]*list.Element // of *cacheEntry
	recent  *list.List               // front is the most recently used
}

type cacheEntry struct {
	key    string
	etag   string
	header http.Header
	body   []byte
}

// size is roughly what an entry takes in memory.
func (e *cacheEntry) size() int { return len(e.body) + len(e.key) + 2048 }

func newETagCache(next http.RoundTripper, maxBytes int) *etagCache {
	return &etagCache{next: next, max: maxBytes, entries: map[string]*list.Element{}, recent: list.New()}
}

// RoundTrip answers GETs from memory when GitHub says that nothing has changed.
func (c *etagCache) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet || req.Header.Get("Range") != "" {
		return c.next.RoundTrip(req)
	}
	key := req.URL.String() + "\n" + req.Header.Get("Accept")
	known := c.get(key)
	if known != nil {
		req = req.Clone(req.Context())
		req.Header.Set("If-None-Match", known.etag)
	}
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && known != nil:
		_ = resp.Body.Close()
		return known.answer(resp), nil
	case resp.StatusCode == http.StatusOK && resp.Header.Get("ETag") != "":
		return c.store(key, resp)
	case resp.StatusCode < 500:
		c.drop(key)
	}
	return resp, nil
}

// answer turns a "not modified" into the answer it stands for.
func (e *cacheEntry) answer(resp *http.Response) *http.Response {
	header := e.header.Clone()
	maps.Copy(header, resp.Header) // fresh rate limit and date
	header.Del("Content-Length")
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header: header, Body: io.NopCloser(bytes.NewReader(e.body)),
		ContentLength: int64(len(e.body)), Request: resp.Request,
	}
}

func (c *etagCache) get(key string) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return nil
	}
	c.recent.MoveToFront(element)
	return element.Value.(*cacheEntry)
}

// store keeps the answer unless it takes more than an eighth of the room.
func (c *etagCache) store(key string, resp *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(c.max/8)+1))
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	if len(body) > c.max/8 {
		c.drop(key)
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), resp.Body), resp.Body}
		return resp, nil
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	entry := &cacheEntry{key: key, etag: resp.Header.Get("ETag"), header: resp.Header.Clone(), body: body}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
	c.entries[key] = c.recent.PushFront(entry)
	c.size += entry.size()
	for c.size > c.max && c.recent.Len() > 1 {
		c.remove(c.recent.Back().Value.(*cacheEntry).key)
	}
	return resp, nil
}

func (c *etagCache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
}

// remove forgets the key; c.mu is held.
func (c *etagCache) remove(key string) {
	if element, ok := c.entries[key]; ok {
		c.size -= element.Value.(*cacheEntry).size()
		c.recent.Remove(element)
		delete(c.entries, key)
	}
}

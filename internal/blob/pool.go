// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"sync"
)

// mostOpen is how many buckets a pool keeps open: who names them may be anybody.
const mostOpen = 100

// Pool opens buckets with the same credentials, each once. They outlive the
// request that is the first to need them. It is safe for concurrent use.
type Pool struct {
	Credentials Credentials

	mu   sync.Mutex
	open map[string]*Bucket
}

// Open returns the bucket of the URL; it is not to be closed.
func (p *Pool) Open(ctx context.Context, bucketURL string) (*Bucket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b, ok := p.open[bucketURL]; ok {
		return b, nil
	}
	b, err := OpenWithCredentials(context.WithoutCancel(ctx), bucketURL, p.Credentials)
	if err != nil {
		return nil, err
	}
	if p.open == nil || len(p.open) >= mostOpen { // those in use go on
		p.open = map[string]*Bucket{}
	}
	p.open[bucketURL] = b
	return b, nil
}

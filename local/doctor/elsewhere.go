// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"net"
	"net/url"
	"strings"
	"time"
)

// findTime is how long finding a name may take.
const findTime = 3 * time.Second

// elsewhere reports whether an address is that of a Service in a cluster, whose
// name nobody knows here.
func elsewhere(ctx context.Context, address string) bool {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if !strings.HasSuffix(host, ".svc") && !strings.HasSuffix(host, ".svc.cluster.local") {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	_, err = net.DefaultResolver.LookupHost(ctx, host)
	return err != nil
}

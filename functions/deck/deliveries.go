// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// maxListed is how many deliveries of each kind are listed.
const maxListed = 50

type deliveriesPage struct {
	frame
	GivenUp, Missing, Pending deliveryList
	Letters                   deliveryList
	// AllDone is whether there is nothing to list.
	AllDone bool
}

// deliveryList is the first of some deliveries. They have no reasons and no
// repositories: not everybody may see them.
type deliveryList struct {
	Items []listedDelivery
	More  bool
}

type listedDelivery struct {
	GUID string
	At   moment
}

// findDelivery asks for a GUID, and leads to the page of the one it is given. It
// lists those that are not done.
func (s *server) findDelivery(r *http.Request) (content, error) {
	if guid := strings.TrimSpace(r.URL.Query().Get("guid")); guid != "" {
		return content{redirect: "/deliveries/" + url.PathEscape(guid)}, nil
	}
	page := deliveriesPage{frame: frame{Title: "Deliveries", Nav: "deliveries"}}
	if s.inbox == nil {
		return content{template: "deliveries.html", data: page}, nil
	}
	err := page.list(r.Context(), s.inbox, s.now())
	return content{template: "deliveries.html", data: page}, err
}

func (p *deliveriesPage) list(ctx context.Context, box *inbox.Inbox, now time.Time) (err error) {
	if p.GivenUp, err = listed(box.Dead(ctx), now, func(d inbox.Dead) (string, time.Time) { return d.GUID, d.At }); err != nil {
		return err
	}
	if p.Missing, err = listed(box.Missing(ctx), now, func(m inbox.Missing) (string, time.Time) { return m.GUID, m.Since }); err != nil {
		return err
	}
	if p.Pending, err = listed(box.Pending(ctx), now, func(p inbox.Pending) (string, time.Time) { return p.GUID, p.Since }); err != nil {
		return err
	}
	if p.Letters, err = listed(box.Letters(ctx), now, func(l inbox.Letter) (string, time.Time) { return l.Name, l.At }); err != nil {
		return err
	}
	p.AllDone = len(p.GivenUp.Items)+len(p.Missing.Items)+len(p.Pending.Items)+len(p.Letters.Items) == 0
	return nil
}

// listed takes as many as are shown.
func listed[T any](all iter.Seq2[T, error], now time.Time, of func(T) (guid string, at time.Time)) (deliveryList, error) {
	var list deliveryList
	for one, err := range all {
		if err != nil {
			return list, err
		}
		if list.More = len(list.Items) == maxListed; list.More {
			break
		}
		guid, at := of(one)
		list.Items = append(list.Items, listedDelivery{guid, momentOf(at, now)})
	}
	return list, nil
}

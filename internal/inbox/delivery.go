// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// Delivery is one webhook, as GitHub sent it.
type Delivery struct {
	GUID       string      // X-GitHub-Delivery
	Event      string      // X-GitHub-Event
	Header     http.Header // those of webhooks; others are not kept
	Body       []byte
	ReceivedAt time.Time
}

// receivedHeader is the one header that we add to a stored request.
const receivedHeader = "Cutwater-Received-At"

// keepHeader reports whether a header belongs to the webhook. Others (cookies,
// proxies' and brokers' own) are not stored.
func keepHeader(name string) bool {
	name = strings.ToLower(name)
	return name == "content-type" || name == "user-agent" || name == "accept" ||
		strings.HasPrefix(name, "x-github-") || strings.HasPrefix(name, "x-hub-signature")
}

// encode writes the delivery as headers, an empty line and the body byte for byte.
func encode(d Delivery) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(d.Body) + 1024)
	fmt.Fprintf(&b, "%s: %s\r\n", receivedHeader, d.ReceivedAt.UTC().Format(time.RFC3339Nano))
	header := d.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("X-GitHub-Event", d.Event)
	header.Set("X-GitHub-Delivery", d.GUID)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if !keepHeader(name) {
				continue
			}
			if strings.ContainsAny(name+value, "\r\n\x00") {
				return nil, errors.New("a header has a line break")
			}
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	b.WriteString("\r\n")
	b.Write(d.Body)
	return b.Bytes(), nil
}

// decode is the reverse of encode.
func decode(request []byte) (Delivery, error) {
	r := bufio.NewReader(bytes.NewReader(request))
	mime, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		return Delivery{}, fmt.Errorf("reading headers: %w", err)
	}
	header := http.Header(mime)
	received, err := time.Parse(time.RFC3339Nano, header.Get(receivedHeader))
	if err != nil {
		return Delivery{}, fmt.Errorf("reading %s: %w", receivedHeader, err)
	}
	header.Del(receivedHeader)
	body, err := io.ReadAll(r)
	if err != nil {
		return Delivery{}, err
	}
	return Delivery{
		GUID:       header.Get("X-GitHub-Delivery"),
		Event:      header.Get("X-GitHub-Event"),
		Header:     header,
		Body:       body,
		ReceivedAt: received,
	}, nil
}

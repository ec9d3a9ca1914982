// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// doctorPrefix is below what only Cutwater writes.
const doctorPrefix = "inbox/doctor/"

// The variables that say which bucket, and how it is opened.
const (
	bucketVariable = "BUCKET"
	gcsFile        = "GCS_CREDENTIALS_FILE"
	s3File         = "S3_CREDENTIALS_FILE"
)

// checkBucket does in the bucket what hook does: it creates an object, once.
func checkBucket(ctx context.Context, p *patient) []Finding {
	address, who, credentials, unread := p.bucket()
	if unread != "" {
		return notChecked("%s", unread)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return []Finding{problem("the setting bucket is no URL").mend("set it to gs://NAME or s3://NAME")}
	}
	if u.Scheme == "file" && p.Machine == nil {
		return notChecked("%s is a folder of the pods", address)
	}
	if endpoint := endpointOf(u, credentials); elsewhere(ctx, endpoint) {
		return notChecked("%s is inside of the cluster, and is not reached from here", endpoint)
	}
	own := credentials == (blob.Credentials{}) && p.Machine == nil // the pods may fare better
	const others = "--gcs-credentials-file and --s3-credentials-file name others"
	b, err := blob.OpenWithCredentials(ctx, address, credentials)
	if err != nil && own && u.Scheme == "gs" { // who has no credentials cannot even open it
		return notChecked("%v, with %s; %s", err, who, others)
	}
	if err != nil {
		return []Finding{problem("%v", err).mend("mend the settings bucket, gcs-credentials-file and s3-credentials-file")}
	}
	defer b.Close()
	err = p.tryBucket(ctx, b)
	missing := errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrDenied)
	if err != nil && own && !missing && !errors.Is(err, errTwice) {
		return notChecked("%v, with %s; %s", err, who, others)
	}
	if err != nil {
		return []Finding{problem("%v, with %s", err, who).mend("%s", mendBucket(err))}
	}
	return []Finding{ok("%s: objects are created once, read and deleted, with %s", b, who)}
}

// endpointOf is the server of an S3 bucket, where it is not Amazon's.
func endpointOf(bucket *url.URL, c blob.Credentials) string {
	if endpoint := bucket.Query().Get("endpoint"); endpoint != "" {
		return endpoint
	}
	var file struct {
		Endpoint string `json:"endpoint"`
	}
	if content, err := os.ReadFile(c.S3File); err == nil {
		_ = json.Unmarshal(content, &file) // opening it complains
	}
	return file.Endpoint
}

func mendBucket(err error) string {
	switch {
	case errors.Is(err, errTwice):
		return "use a store that keeps to conditional writes (If-None-Match: *), or events are done twice"
	case errors.Is(err, blob.ErrDenied):
		return "let it create, read, list and delete objects there"
	case errors.Is(err, blob.ErrNotFound):
		return "make the bucket, or mend the setting bucket"
	}
	return "see that the bucket can be reached from here, and from the cluster"
}

// errTwice is that a bucket does not keep its word.
var errTwice = errors.New("the bucket let an object be created twice")

// tryBucket creates, reads and deletes an object.
func (p *patient) tryBucket(ctx context.Context, b *blob.Bucket) (err error) {
	key, content := doctorPrefix+strings.ToLower(rand.Text()), []byte("written and deleted by cutwater doctor\n")
	if err := b.Create(ctx, key, content); err != nil {
		return err
	}
	defer func() {
		if gone := b.Delete(ctx, key); err == nil {
			err = gone
		}
	}()
	now := p.Now()
	if a, err := b.Attributes(ctx, key); err == nil && p.Machine == nil {
		p.dates.saw("the bucket", a.ModTime.Sub(now))
	}
	switch err := b.Create(ctx, key, content); {
	case err == nil:
		return errTwice
	case !errors.Is(err, blob.ErrExists):
		return err
	}
	read, err := b.Read(ctx, key)
	if err == nil && !bytes.Equal(read, content) {
		err = fmt.Errorf("%s gives back something else than what was written", b)
	}
	return err
}

// bucket is the installation's, and with whose credentials it is opened here.
func (p *patient) bucket() (address, who string, c blob.Credentials, unread string) {
	who = "your own credentials"
	if p.Machine != nil {
		return p.Machine.Bucket, who, c, ""
	}
	if blind := p.blind(&p.functions, &p.configMaps); blind != nil {
		return "", "", c, blind[0].Message
	}
	pr := p.reading(bucketVariable)
	if pr == nil {
		return "", "", c, "no function that reads BUCKET is there"
	}
	env := p.environment(*pr)
	if p.Credentials != (blob.Credentials{}) {
		return env[bucketVariable], "the credentials that you name", p.Credentials, ""
	}
	for _, file := range []struct {
		variable string
		into     *string
	}{{gcsFile, &c.GCSFile}, {s3File, &c.S3File}} {
		path := env[file.variable]
		if path == "" {
			continue
		}
		if *file.into, unread = p.credentials(*pr, file.variable, path); unread != "" {
			return "", "", c, unread
		}
		who = "the pods' credentials"
	}
	if ids := p.identities(bucketVariable); c == (blob.Credentials{}) {
		who = "your own credentials; the pods have theirs"
		if len(ids) > 0 {
			who = "your own credentials; the pods are " + enumerate(ids)
		}
	}
	return env[bucketVariable], who, c, ""
}

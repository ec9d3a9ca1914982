// SPDX-License-Identifier: Apache-2.0

package filedriver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gocloud.dev/blob/driver"
)

// attributes are what a file itself cannot hold.
type attributes struct {
	CacheControl       string            `json:"cacheControl,omitempty"`
	ContentDisposition string            `json:"contentDisposition,omitempty"`
	ContentEncoding    string            `json:"contentEncoding,omitempty"`
	ContentLanguage    string            `json:"contentLanguage,omitempty"`
	ContentType        string            `json:"contentType,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
}

func newAttributes(contentType string, o *driver.WriterOptions) *attributes {
	return &attributes{
		CacheControl:       o.CacheControl,
		ContentDisposition: o.ContentDisposition,
		ContentEncoding:    o.ContentEncoding,
		ContentLanguage:    o.ContentLanguage,
		ContentType:        contentType,
		Metadata:           o.Metadata,
	}
}

// plain reports whether there is nothing to keep, given the content type that a
// reader would find without attributes.
func (a *attributes) plain(contentType string) bool {
	return a.CacheControl == "" && a.ContentDisposition == "" && a.ContentEncoding == "" &&
		a.ContentLanguage == "" && len(a.Metadata) == 0 && a.ContentType == contentType
}

// putAttributes keeps the attributes, in a file; nil takes that away.
func (d *Driver) putAttributes(key string, a *attributes) error {
	if a == nil {
		return d.removeAttributes(key)
	}
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	name := d.attributesPath(key)
	folders, err := mkdirAll(filepath.Dir(name))
	if err != nil {
		return err
	}
	unfinished, err := os.CreateTemp(d.unfinished(), "")
	if err != nil {
		return err
	}
	_, err = unfinished.Write(data)
	if err = errors.Join(err, unfinished.Chmod(0o644), d.sync(unfinished), unfinished.Close()); err == nil {
		err = os.Rename(unfinished.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(unfinished.Name()))
	}
	return d.syncFolders(folders)
}

func (d *Driver) removeAttributes(key string) error {
	if err := os.Remove(d.attributesPath(key)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotFolder) {
		return err
	}
	return nil
}

// attributesOf returns the attributes of the object in the file.
func (d *Driver) attributesOf(key string, file io.ReaderAt) (attributes, error) {
	data, err := os.ReadFile(d.attributesPath(key))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
		return attributes{ContentType: typeOf(key, file)}, nil
	}
	if err != nil {
		return attributes{}, err
	}
	var a attributes
	if err := json.Unmarshal(data, &a); err != nil {
		return attributes{}, fmt.Errorf("attributes of %q: %w", key, err)
	}
	return a, nil
}

// Attributes describes the object.
func (d *Driver) Attributes(_ context.Context, key string) (*driver.Attributes, error) {
	file, info, err := d.open(key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	a, err := d.attributesOf(key, file)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{
		CacheControl:       a.CacheControl,
		ContentDisposition: a.ContentDisposition,
		ContentEncoding:    a.ContentEncoding,
		ContentLanguage:    a.ContentLanguage,
		ContentType:        a.ContentType,
		Metadata:           a.Metadata,
		ModTime:            info.ModTime(),
		Size:               info.Size(),
		ETag:               fmt.Sprintf("\"%x-%x\"", info.ModTime().UnixNano(), info.Size()),
	}, nil
}

// textType is the content type of text, as http.DetectContentType has it.
const textType = "text/plain; charset=utf-8"

// TypeByName returns the content type that the key's ending stands for, or "". It is
// the same on every machine, as that of package mime is not.
func TypeByName(key string) string {
	switch strings.ToLower(path.Ext(key)) {
	case ".json":
		return "application/json"
	case ".txt", ".log", ".yaml", ".yml", ".md":
		return textType
	case ".html", ".htm":
		return "text/html; charset=utf-8"
	case ".xml":
		return "text/xml; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".png":
		return "image/png"
	case ".gz", ".tgz":
		return "application/gzip"
	}
	return ""
}

// typeOf returns the content type by name or, failing that, by the first bytes.
func typeOf(key string, file io.ReaderAt) string {
	if t := TypeByName(key); t != "" {
		return t
	}
	head := make([]byte, 512)
	n, _ := file.ReadAt(head, 0) // what cannot be read now will say so later
	return http.DetectContentType(head[:n])
}

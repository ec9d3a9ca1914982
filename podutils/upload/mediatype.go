// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bufio"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

// mediaTypes are the media types of file endings, beside those that the system knows.
type mediaTypes struct{ own map[string]string }

// newMediaTypes takes the configuration's types, by ending without the dot.
func newMediaTypes(configured map[string]string) (mediaTypes, error) {
	own := map[string]string{}
	for extension, mediaType := range configured {
		base, parameters, err := mime.ParseMediaType(mediaType)
		if err != nil {
			return mediaTypes{}, fmt.Errorf("media type %q of .%s: %w", mediaType, extension, err)
		}
		if strings.HasPrefix(base, "text/") && parameters["charset"] == "" {
			parameters["charset"] = "utf-8"
			mediaType = mime.FormatMediaType(base, parameters)
		}
		own["."+strings.ToLower(extension)] = mediaType
	}
	return mediaTypes{own: own}, nil
}

// of is the media type of a name, by what follows its last dot; a name without
// one is all ending. It is empty when the ending is not known.
func (m mediaTypes) of(name string) string {
	extension := "." + name[strings.LastIndex(name, ".")+1:]
	if own, ok := m.own[strings.ToLower(extension)]; ok {
		return own
	}
	return mime.TypeByExtension(extension)
}

// stored is how a file is stored. What is compressed goes by its inner name, and
// is unpacked by whoever fetches it, where the type of what is inside is known.
func (m mediaTypes) stored(name string) (storedName, mediaType, encoding string) {
	const packed = "application/gzip"
	ending := path.Ext(name)
	inner := strings.TrimSuffix(name, ending)
	switch {
	case name == "gz" || name == "gzip":
		return name, packed, ""
	case ending != ".gz" && ending != ".gzip":
		return name, m.of(name), ""
	case inner == "":
		return name, packed, ""
	}
	if mediaType := m.of(inner); mediaType != "" {
		return inner, mediaType, "gzip"
	}
	return inner, packed, ""
}

// compressed is the media type of a file that we compress.
func (m mediaTypes) compressed(name string) string {
	if mediaType := m.of(path.Base(name)); mediaType != "" {
		return mediaType
	}
	return "text/plain; charset=utf-8"
}

// worthwhile is how long content must be for us to compress it.
const worthwhile = 1024

// compresses tells whether to compress the content of key, at whose start it looks.
func (u *Uploader) compresses(key string, content *bufio.Reader) bool {
	extension := strings.TrimPrefix(path.Ext(key), ".")
	endings := u.options.CompressFileTypes
	if u.options.LocalOutputDir != "" || extension == "gz" || extension == "gzip" ||
		(!slices.Contains(endings, extension) && !slices.Contains(endings, "*")) {
		return false
	}
	start, err := content.Peek(worthwhile + 1)
	if err != nil { // shorter, or unreadable, which comes out when it is read
		return false
	}
	return http.DetectContentType(start) != "application/x-gzip"
}

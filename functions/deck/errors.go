// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// statusError is an error with an answer for whoever asked.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

func notFound(text string) error { return &statusError{http.StatusNotFound, text} }

func badRequest(text string) error { return &statusError{http.StatusBadRequest, text} }

// statusOf is the HTTP status for an error.
func statusOf(err error) int {
	var known *statusError
	switch {
	case errors.As(err, &known):
		return known.status
	case errors.Is(err, blob.ErrNotFound), apierrors.IsNotFound(err):
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// explain is what whoever asked gets to read; the words of other systems stay in our log.
func explain(status int, err error) string {
	var known *statusError
	switch {
	case errors.As(err, &known):
		return known.text
	case status == http.StatusNotFound:
		return "There is nothing here."
	}
	return "Something went wrong; the log of deck says what."
}

func errorPage(status int, err error) any {
	return struct {
		frame
		Status int
		Text   string
	}{frame{Title: http.StatusText(status)}, status, explain(status, err)}
}

// fail answers a request that is not for a page.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		logging.FromContext(r.Context()).Errorw("request", "path", r.URL.Path, "error", err)
	}
	http.Error(w, explain(status, err), status)
}

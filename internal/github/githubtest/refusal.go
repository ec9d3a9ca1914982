// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"fmt"
	"net/http"
)

// refusal is an answer that says no.
type refusal struct {
	status  int
	message string
	errors  []object
}

func (r *refusal) Error() string {
	if len(r.errors) == 0 {
		return fmt.Sprintf("%d %s", r.status, r.message)
	}
	return fmt.Sprintf("%d %s: %v", r.status, r.message, r.errors)
}

// json is the body of the answer.
func (r *refusal) json() object {
	out := object{"message": r.message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(r.status)}
	if r.errors != nil {
		out["errors"] = r.errors
	}
	return out
}

func notFound() *refusal { return &refusal{status: http.StatusNotFound, message: "Not Found"} }

func forbidden(format string, args ...any) *refusal {
	return &refusal{status: http.StatusForbidden, message: fmt.Sprintf(format, args...)}
}

func needsAuthentication() *refusal {
	return &refusal{status: http.StatusUnauthorized, message: "Requires authentication"}
}

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, message: message}
}

// missing, invalid and custom are the reasons of a validation failure.
func missing(resource, field string) *refusal {
	return validation(object{"resource": resource, "field": field, "code": "missing_field"})
}

func invalidField(resource, field, message string) *refusal {
	return validation(object{"resource": resource, "field": field, "code": "invalid", "message": message})
}

func custom(resource, message string) *refusal {
	return validation(object{"resource": resource, "code": "custom", "message": message})
}

func validation(details ...object) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed", errors: details}
}

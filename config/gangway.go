// SPDX-License-Identifier: Apache-2.0

package config

import (
	"regexp"

	"knative.dev/pkg/apis"
)

// Gangway configures who may start jobs through the API.
type Gangway struct {
	// AllowedAPIClients are those who may; nobody else may.
	AllowedAPIClients []AllowedAPIClient `json:"allowed_api_clients,omitempty"`
}

// AllowedAPIClient is somebody who may start jobs, and which ones.
type AllowedAPIClient struct {
	// GCP is how Google Cloud Endpoints names the client.
	GCP *GCPClient `json:"gcp,omitempty"`
	// AllowedJobsFilters are the jobs that the client may start: those that any of them accepts. There must be one.
	AllowedJobsFilters []AllowedJobsFilter `json:"allowed_jobs_filters,omitempty"`
}

// GCPClient is what the headers say that Google Cloud Endpoints adds to a request.
type GCPClient struct {
	// EndpointAPIConsumerType is the header x-endpoint-api-consumer-type: "PROJECT".
	EndpointAPIConsumerType string `json:"endpoint_api_consumer_type,omitempty"`
	// EndpointAPIConsumerNumber is the header x-endpoint-api-consumer-number: the number of the project, digits only.
	EndpointAPIConsumerNumber string `json:"endpoint_api_consumer_number,omitempty"`
}

// AllowedJobsFilter accepts some jobs.
type AllowedJobsFilter struct {
	// TenantID accepts the jobs with this prowjob_defaults.tenant_id.
	TenantID string `json:"tenant_id,omitempty"`
}

// projectNumber is what the number of a project looks like.
var projectNumber = regexp.MustCompile(`^[0-9]+$`)

// Validate reports clients that nothing identifies, that are there twice or that may start nothing.
func (g Gangway) Validate() *apis.FieldError {
	var errs *apis.FieldError
	seen := map[GCPClient]bool{}
	for i, client := range g.AllowedAPIClients {
		errs = errs.Also(client.validate().ViaFieldIndex("allowed_api_clients", i))
		if client.GCP == nil {
			continue
		}
		if seen[*client.GCP] {
			errs = errs.Also(apis.ErrGeneric("is the client of another entry too", "gcp").ViaFieldIndex("allowed_api_clients", i))
		}
		seen[*client.GCP] = true
	}
	return errs
}

func (c AllowedAPIClient) validate() *apis.FieldError {
	errs := c.GCP.validate()
	if len(c.AllowedJobsFilters) == 0 {
		errs = errs.Also(apis.ErrMissingField("allowed_jobs_filters"))
	}
	for i, filter := range c.AllowedJobsFilters {
		if filter.TenantID == "" {
			errs = errs.Also(apis.ErrMissingField("tenant_id").ViaFieldIndex("allowed_jobs_filters", i))
		}
	}
	return errs
}

func (c *GCPClient) validate() *apis.FieldError {
	if c == nil {
		return apis.ErrMissingField("gcp")
	}
	var errs *apis.FieldError
	if c.EndpointAPIConsumerType != "PROJECT" {
		errs = errs.Also(apis.ErrInvalidValue(c.EndpointAPIConsumerType, "gcp.endpoint_api_consumer_type", "want PROJECT"))
	}
	if !projectNumber.MatchString(c.EndpointAPIConsumerNumber) {
		errs = errs.Also(apis.ErrInvalidValue(c.EndpointAPIConsumerNumber, "gcp.endpoint_api_consumer_number", "want digits"))
	}
	return errs
}

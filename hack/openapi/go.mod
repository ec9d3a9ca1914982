module github.com/cutwater-ci/cutwater/hack/openapi

go 1.26.0

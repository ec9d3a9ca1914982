module github.com/cutwater-ci/cutwater/build/pause

go 1.26.0

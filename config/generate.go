// SPDX-License-Identifier: Apache-2.0

package config

//go:generate go run ../hack/configdocs .. ../docs

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Refreshes the descriptions that our fake of GitHub is checked against. Needs npm.
set -euo pipefail

cd "$(dirname "$0")"
out=../../internal/github/githubtest/openapi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package version folder
	mkdir -p "$work/$3"
	(cd "$work" && npm pack --silent "$1@$2" >/dev/null)
	tar -xzf "$work"/octokit-"$3"-"$2".tgz -C "$work/$3" --strip-components=1
}

openapi_version=23.0.2
webhooks_version=7.6.1
fetch @octokit/openapi "$openapi_version" openapi
fetch @octokit/webhooks-schemas "$webhooks_version" webhooks-schemas
fetch @octokit/webhooks-examples "$webhooks_version" webhooks-examples

go run . -out "$out" \
	-description "$work/openapi/generated/api.github.com.json" \
	-schemas "$work/webhooks-schemas/schema.json" \
	-examples "$work/webhooks-examples/api.github.com/index.json"
cp "$work/openapi/LICENSE" "$out/LICENSE.openapi"
cat >"$out/README.md" <<EOF
# What GitHub says of itself

Data only, cut down by \`hack/openapi\`; \`hack/openapi/generate.sh\` refreshes it.

| file | source | licence |
| --- | --- | --- |
| \`api.github.com.json.gz\` | npm package \`@octokit/openapi\` $openapi_version, GitHub's OpenAPI description | MIT, \`LICENSE.openapi\` |
| \`webhooks-schema.json.gz\` | npm package \`@octokit/webhooks-schemas\` $webhooks_version | MIT, \`LICENSE.webhooks\` |
| \`webhooks-examples.json.gz\` | npm package \`@octokit/webhooks-examples\` $webhooks_version | MIT, \`LICENSE.webhooks\` |
EOF

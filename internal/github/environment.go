// SPDX-License-Identifier: Apache-2.0

package github

// Environment is how a process reaches GitHub, as a part of its environment.
type Environment struct {
	// Endpoint is the REST API; empty means https://api.github.com.
	Endpoint string `env:"GITHUB_ENDPOINT"`
	// GraphQLEndpoint is empty for GITHUB_ENDPOINT/graphql.
	GraphQLEndpoint string `env:"GITHUB_GRAPHQL_ENDPOINT"`
	// Host serves git and web pages; empty means github.com.
	Host string `env:"GITHUB_HOST"`
	// TokenPath is a file with a token.
	TokenPath string `env:"GITHUB_TOKEN_PATH"`
	// AppID and AppPrivateKeyPath (PEM) are of a GitHub App, used in place of a token.
	AppID             int64  `env:"GITHUB_APP_ID"`
	AppPrivateKeyPath string `env:"GITHUB_APP_PRIVATE_KEY_PATH"`
	// DryRun sends GitHub nothing but reads.
	DryRun bool `env:"GITHUB_DRY_RUN"`
}

// Options are those of a client, which has yet to say who it is.
func (e Environment) Options() Options {
	return Options{
		Endpoint: e.Endpoint, GraphQLEndpoint: e.GraphQLEndpoint, Host: e.Host,
		TokenFile: e.TokenPath, AppID: e.AppID, AppKeyFile: e.AppPrivateKeyPath,
		DryRun: e.DryRun,
	}
}

// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Environment is what the process reads, beside what all functions do
// (function.Environment).
type Environment struct {
	// Bucket is the URL of the bucket with the inbox.
	Bucket string `env:"BUCKET,required"`
	// Credentials open it, if the usual ways do not.
	Credentials blob.Credentials
	// HMACSecretFile holds the tokens that webhooks are signed with.
	HMACSecretFile string `env:"HMAC_SECRET_FILE,required"`
	// Sink is where events are sent. Knative sets it, a moment after the Service is
	// made; until then events wait for the sweep.
	Sink string `env:"K_SINK"`
	// WebhookPath is where GitHub posts to.
	WebhookPath string `env:"WEBHOOK_PATH,default=/hook"`
	// SendTimeout is how long an answer waits for the sink to take the event. GitHub
	// waits 10 s in all, and consumers may have to start.
	SendTimeout time.Duration `env:"SEND_TIMEOUT,default=5s"`

	// GitHub is asked for deliveries that did not arrive, as an app or with a token.
	// Without both nobody asks.
	GitHub github.Environment
	// WebhookURL is where GitHub posts to, by which a token's webhooks are known as
	// ours.
	WebhookURL string `env:"WEBHOOK_URL"`
	// WebhookOwners are the orgs and repositories ("org/repo") whose webhooks lead
	// here, where a token is used. An app has a webhook of its own.
	WebhookOwners []string `env:"WEBHOOK_OWNERS"`
}

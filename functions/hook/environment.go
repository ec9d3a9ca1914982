// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
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
	// Sink is where events are sent; Knative sets it.
	Sink string `env:"K_SINK,required"`
	// WebhookPath is where GitHub posts to.
	WebhookPath string `env:"WEBHOOK_PATH,default=/hook"`
	// SendTimeout is how long an answer waits for the sink to take the event. GitHub
	// waits 10 s in all.
	SendTimeout time.Duration `env:"SEND_TIMEOUT,default=3s"`
}

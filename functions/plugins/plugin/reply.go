// SPDX-License-Identifier: Apache-2.0

package plugin

import "fmt"

// AboutBot ends every comment of the bot.
const AboutBot = "Instructions for interacting with me using PR comments are available " +
	"[here](https://git.k8s.io/community/contributors/guide/pull-requests.md).  " +
	"If you have questions or suggestions related to my behavior, please file an issue against the " +
	"[kubernetes-sigs/prow](https://github.com/kubernetes-sigs/prow/issues/new?title=Prow%20issue:) repository."

// Reply returns a comment that answers c: it addresses the author, and quotes
// what is being answered where it does not disturb.
func (c Comment) Reply(text string) string {
	return Respond(c.Author.Login, text, fmt.Sprintf("In response to [this](%s):\n\n%s\n", c.HTMLURL, quote(c.Body)))
}

// Respond returns a comment that tells a user something, and why.
func Respond(login, text, reason string) string {
	return fmt.Sprintf("@%s: %s\n\n<details>\n\n%s\n\n%s\n</details>", login, text, reason, AboutBot)
}

// Notice returns a comment that addresses nobody in particular.
func Notice(text string) string {
	return fmt.Sprintf("%s\n\n<details>\n\n%s\n</details>", text, AboutBot)
}

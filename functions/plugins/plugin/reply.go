// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"
	"unicode/utf8"
)

// AboutBot ends every comment of the bot.
const AboutBot = "Instructions for interacting with me using PR comments are available " +
	"[here](https://git.k8s.io/community/contributors/guide/pull-requests.md).  " +
	"If you have questions or suggestions related to my behavior, please file an issue against the " +
	"[kubernetes-sigs/prow](https://github.com/kubernetes-sigs/prow/issues/new?title=Prow%20issue:) repository."

// maxComment is how long a comment GitHub takes, in characters.
const maxComment = 65536

// Reply returns a comment that answers c: it addresses the author, and quotes
// what is being answered where it does not disturb, as far as there is room.
func (c Comment) Reply(text string) string {
	respond := func(quoted string) string {
		return Respond(c.Author.Login, text, fmt.Sprintf("In response to [this](%s):\n\n%s\n", c.HTMLURL, quoted))
	}
	quoted := quote(c.Body)
	reply := respond(quoted)
	over := utf8.RuneCountInString(reply) - maxComment
	if over <= 0 {
		return reply
	}
	const more = "…"
	runes := []rune(quoted)
	return respond(string(runes[:max(0, len(runes)-over-utf8.RuneCountInString(more))]) + more)
}

// Respond returns a comment that tells a user something, and why.
func Respond(login, text, reason string) string {
	return fmt.Sprintf("@%s: %s\n\n<details>\n\n%s\n\n%s\n</details>", login, text, reason, AboutBot)
}

// Notice returns a comment that addresses nobody in particular.
func Notice(text string) string {
	return fmt.Sprintf("%s\n\n<details>\n\n%s\n</details>", text, AboutBot)
}

// SPDX-License-Identifier: Apache-2.0

package github

import "context"

// BotUser returns who we are on GitHub. The answer is kept for the client's life.
func (c *Client) BotUser(ctx context.Context) (User, error) {
	if bot := c.bot.Load(); bot != nil {
		return *bot, nil
	}
	// Those who ask at the same time all ask GitHub: nobody waits for another's retries.
	user, err := c.whoAmI(ctx)
	if err != nil {
		return User{}, wrap(err, "asking who we are")
	}
	c.bot.Store(&user)
	return user, nil
}

// whoAmI asks GitHub. An app has no account; its comments are by "<slug>[bot]".
func (c *Client) whoAmI(ctx context.Context) (User, error) {
	if _, ok := c.auth.(*appAuth); ok {
		app, _, err := c.gh.Apps.Get(ctx, "")
		if err != nil {
			return User{}, err
		}
		return User{Login: app.GetSlug() + "[bot]", Type: "Bot", HTMLURL: app.GetHTMLURL()}, nil
	}
	user, _, err := c.gh.Users.Get(ctx, "")
	if err != nil {
		return User{}, err
	}
	return toUser(user), nil
}

// SPDX-License-Identifier: Apache-2.0

package git

// Credential is a user name and a password, or token, for HTTP.
type Credential struct{ Username, Password string }

// Helper is the setting by which git takes a credential from its environment when
// a server asks for it whose URL begins with url, and for no other: a header would
// go along when the server redirects.
func Helper(url string) (key, value string) {
	return "credential." + url + ".helper",
		`!f() { printf 'username=%s\npassword=%s\n' "$CUTWATER_USERNAME" "$CUTWATER_PASSWORD"; }; f`
}

// Env is the credential in the environment, for Helper.
func (c Credential) Env() []string {
	return []string{"CUTWATER_USERNAME=" + c.Username, "CUTWATER_PASSWORD=" + c.Password}
}

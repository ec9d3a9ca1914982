// SPDX-License-Identifier: Apache-2.0

package github

import (
	"fmt"
	"strings"
	"text/template"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// maxComment is GitHub's limit on a comment, in characters; bytes are never fewer.
const maxComment = 65536

// aboutBot is the foot of every comment, in Prow's words.
const aboutBot = "Instructions for interacting with me using PR comments are available [here](https://git.k8s.io/community/contributors/guide/pull-requests.md).  " +
	"If you have questions or suggestions related to my behavior, please file an issue against the [kubernetes-sigs/prow](https://github.com/kubernetes-sigs/prow/issues/new?title=Prow%20issue:) repository. " +
	"I understand the commands that are listed [here](https://go.k8s.io/bot-commands)."

// renderComment writes the comment with the table, or with the good news when
// no row is left. pj is what the template is about.
func renderComment(rows []row, pj *prowv1.ProwJob, extra *template.Template) (string, error) {
	var foot strings.Builder
	if extra != nil {
		foot.WriteString("\n\n")
		if err := extra.Execute(&foot, pj); err != nil {
			return "", fmt.Errorf("executing the report template: %w", err)
		}
	}
	foot.WriteString("\n\n<details>\n\n" + aboutBot + "\n</details>\n" + marker)

	author := pj.Spec.Refs.Pulls[0].Author
	if len(rows) == 0 {
		return fmt.Sprintf("@%s: all tests **passed!**\n", author) + foot.String(), nil
	}
	plural := ""
	if len(rows) > 1 {
		plural = "s"
	}
	head := fmt.Sprintf("@%s: The following test%s **failed**, say `/retest` to rerun all failed tests or `/retest-required` to rerun all mandatory failed tests:\n\n%s\n%s",
		author, plural, tableHeader, tableRule)
	return head + table(rows, maxComment-len(head)-foot.Len()) + foot.String(), nil
}

// table writes the rows, each after a newline; of too many, the last ones that fit.
func table(rows []row, room int) string {
	first := len(rows)
	for first > 0 && room > len(rows[first-1]) {
		room -= len(rows[first-1]) + 1
		first--
	}
	var b strings.Builder
	for _, r := range rows[first:] {
		b.WriteString("\n" + string(r))
	}
	return b.String()
}

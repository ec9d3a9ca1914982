// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// frame is what every page has around its content.
type frame struct {
	Title string
	// Nav is the entry of the navigation that the page belongs to.
	Nav string
	// Refresh is after how many seconds the page brings itself up to date; 0 is never.
	Refresh int
}

// moment is a time for people and for machines.
type moment struct {
	Machine, Full, Ago string
}

func momentOf(t, now time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{
		Machine: t.UTC().Format(time.RFC3339),
		Full:    t.UTC().Format("2 Jan 2006, 15:04:05 UTC"),
		Ago:     ago(now.Sub(t)),
	}
}

func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// durationOf is how long a run took, or has taken so far.
func durationOf(pj *prowv1.ProwJob, now time.Time) string {
	start, end := pj.Status.StartTime.Time, now
	if pj.Status.CompletionTime != nil {
		end = pj.Status.CompletionTime.Time
	}
	if start.IsZero() || end.Before(start) {
		return ""
	}
	return spoken(end.Sub(start))
}

// spoken writes a duration with its two largest units.
func spoken(d time.Duration) string {
	seconds := int(d.Seconds())
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", seconds)
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d h %02d min", seconds/3600, seconds/60%60)
}

// size writes a number of bytes.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if unit == 0 || value >= 100 {
		return fmt.Sprintf("%.0f %s", value, units[unit])
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// link is a text with where it leads, which may be nowhere.
type link struct{ Text, URL string }

// refsView is refs with links, as far as the refs have them.
type refsView struct {
	Repo  link
	Base  link
	Pulls []pullView
}

type pullView struct {
	Pull, Commit, Author link
	Title                string
}

func refsViewOf(refs *prowv1.Refs) refsView {
	if refs == nil {
		return refsView{}
	}
	v := refsView{
		Repo: link{refs.OrgRepo(), refs.RepoLink},
		Base: link{refs.BaseRef, refs.BaseLink},
	}
	if refs.BaseSHA != "" {
		v.Base.Text += " @ " + short(refs.BaseSHA)
	}
	for _, pull := range refs.Pulls {
		v.Pulls = append(v.Pulls, pullView{
			Pull:   link{fmt.Sprintf("#%d", pull.Number), pull.Link},
			Commit: link{short(pull.SHA), pull.CommitLink},
			Author: link{pull.Author, pull.AuthorLink},
			Title:  pull.Title,
		})
	}
	return v
}

func short(sha string) string { return sha[:min(len(sha), 8)] }

// viewLink is the page of a run here: where its URL leads, if that is to a deck, else by its names.
func viewLink(pj *prowv1.ProwJob) string {
	if p, ok := viewPath(pj.Status.URL); ok {
		return (&url.URL{Path: "/view/" + p}).EscapedPath()
	}
	if pj.Status.BuildID == "" {
		return ""
	}
	return (&url.URL{Path: "/view/prowjob/" + pj.Spec.Job + "/" + pj.Status.BuildID}).EscapedPath()
}

// viewPath is what follows /view/ in the URL of a run.
func viewPath(statusURL string) (string, bool) {
	u, err := url.Parse(statusURL)
	if err != nil {
		return "", false
	}
	_, p, ok := strings.Cut(u.Path, "/view/")
	return strings.TrimPrefix(p, "/"), ok && p != ""
}

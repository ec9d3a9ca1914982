// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

var metav1CreateOptions = metav1.CreateOptions{}

// waitFor waits for what the informer has to notice.
func (s *site) waitFor(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal("what was waited for did not happen")
		case <-ticker.C:
		}
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// browser starts Chromium, and fails the test on what its console complains
// about but for messages that contain one of these texts.
func browser(t *testing.T, but ...string) context.Context {
	t.Helper()
	var binary string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			binary = found
			break
		}
	}
	if binary == "" {
		t.Skip("no Chromium is installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(time.Minute))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(allocator)
	t.Cleanup(cancelTab)
	ctx, cancelTimeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTimeout)

	var mu sync.Mutex
	var complaints []string
	err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text+" "+e.ExceptionDetails.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, text := range but {
			complaints = slices.DeleteFunc(complaints, func(c string) bool { return strings.Contains(c, text) })
		}
		if len(complaints) > 0 {
			t.Errorf("the browser complains: %s", strings.Join(complaints, "\n"))
		}
	})
	return ctx
}

// do and ask have the browser do something, and fail the test when it cannot.
func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func ask[T any](t *testing.T, ctx context.Context, question chromedp.Action[T]) T {
	t.Helper()
	answer, err := chromedp.Run(ctx, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// shoot keeps a picture of the page where DECK_SCREENSHOTS says.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("DECK_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture := ask(t, ctx, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestInABrowser(t *testing.T) {
	s := browserSite(t)
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(s.url+"/"), chromedp.WaitVisible("table.runs"))
	if title := ask(t, ctx, chromedp.Title()); title != "Runs · Cutwater" {
		t.Errorf("title: got %q", title)
	}
	shoot(t, ctx, "index")

	// The page brings itself up to date.
	pj, err := s.client.ProwV1().ProwJobs("jobs").Get(t.Context(), "lint-1003", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pj.Status.State = prowv1.SuccessState
	if _, err := s.client.ProwV1().ProwJobs("jobs").Update(t.Context(), pj, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	ask(t, ctx, chromedp.Evaluate[string](`document.body.dataset.refresh = "0.2"; document.getElementById("pause").click(); document.getElementById("pause").click(); ""`))
	ask(t, ctx, chromedp.Poll[bool](`[...document.querySelectorAll("tbody tr")].some(r => r.textContent.includes("lint") && r.querySelector(".state.success"))`))

	do(t, ctx, chromedp.Click("td.job a"), chromedp.WaitVisible("dl.facts"))
	if state := ask(t, ctx, chromedp.Text(".title .state")); !strings.Contains(state, "failure") {
		t.Errorf("the first run's page: got state %q", state)
	}
	shoot(t, ctx, "view")
	for name, path := range map[string]string{"delivery": "/deliveries/guid-1", "deliveries": "/deliveries", "live": "/view/prowjob/e2e/1004", "kept": "/view/file" + s.dir + "/" + s.at("lint", "1003")} {
		do(t, ctx, chromedp.Navigate(s.url+path), chromedp.WaitVisible("h1"))
		shoot(t, ctx, name)
	}
}

func TestLookInABrowser(t *testing.T) {
	s := browserSite(t)
	ctx := browser(t)
	pages := map[string]string{"index": "/", "view": "/view/file" + s.dir + "/" + s.at("unit", "1005"), "delivery": "/deliveries/guid-1"}
	for name, path := range pages {
		do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(s.url+path))
		shoot(t, ctx, name+"-phone")
		if ask(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)) {
			t.Errorf("%s: a phone has to scroll sideways", name)
		}
	}
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, dark); err != nil {
		t.Fatal(err)
	}
	for name, path := range pages {
		do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+path))
		shoot(t, ctx, name+"-dark")
		if got := ask(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`)); got != "rgb(14, 20, 25)" {
			t.Errorf("%s in the dark: the background is %s", name, got)
		}
	}
}

// An artifact full of scripts is text to a browser.
func TestHostileArtifactInABrowser(t *testing.T) {
	s := newSite(t)
	s.write(t, s.at("unit", "1"), map[string]string{"page.html": "<title>owned</title><script>document.title = 'owned'</script>"})
	ctx := browser(t, "Blocked script execution")
	do(t, ctx, chromedp.Navigate(s.url+"/file/file"+s.dir+"/"+s.at("unit", "1")+"/page.html"))
	title, text := ask(t, ctx, chromedp.Title()), ask(t, ctx, chromedp.Text("body"))
	if title == "owned" || !strings.Contains(text, "<script>") {
		t.Errorf("got title %q and text %q", title, text)
	}
}

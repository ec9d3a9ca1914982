// SPDX-License-Identifier: Apache-2.0

package githubapp_test

import (
	"context"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/cutwater-ci/cutwater/local/githubapp"
)

// TestBrowser has a real browser go the way that people go: its policies let the
// form through to GitHub and the answer back.
func TestBrowser(t *testing.T) {
	binary, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium is installed")
	}
	f := begin(t, options(), &atomic.Int64{})
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), flags...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	var mu sync.Mutex
	var complaints []string
	if err := chromedp.Listen(ctx, func(event any) {
		if added, ok := event.(*log.EventEntryAdded); ok {
			mu.Lock()
			defer mu.Unlock()
			complaints = append(complaints, added.Entry.Text+" "+added.Entry.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	door, err := githubapp.Folder(t.TempDir()).Door(f.page)
	if err != nil {
		t.Fatal(err)
	}
	do(chromedp.Navigate("file://"+door), chromedp.WaitVisible("#go"), chromedp.Click("#go"), chromedp.WaitVisible("#create"), chromedp.Click("#create"), chromedp.WaitVisible("#made"))
	if err := <-f.ended; err != nil {
		t.Fatal(err)
	}
	do(chromedp.Click("#install"), chromedp.SendKeys("#org", "org"), chromedp.Click("#install"), chromedp.WaitVisible("#installed"))
	mu.Lock()
	defer mu.Unlock()
	for _, complaint := range complaints {
		t.Errorf("the browser complains: %s", complaint)
	}
}

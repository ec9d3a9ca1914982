// SPDX-License-Identifier: Apache-2.0

// Package doctor examines an installation, and says what is wrong with it and how
// to mend that: Knative, what deploy/ applies, secrets, the bucket, GitHub,
// build clusters and clocks. all lists the checks; each is in a file of its own.
//
// Started by `cutwater doctor`. Changes: one object below inbox/doctor/ in the
// bucket, which it deletes. Config: what the installation's ConfigMaps say. In
// Prow: nothing.
package doctor

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Options say what is examined, and with what. Config must be given.
type Options struct {
	// Config reaches the cluster with the installation.
	Config *rest.Config
	// Namespace holds it.
	Namespace string
	// Timeout is how long a check may take; 20 s when 0.
	Timeout time.Duration
	// Machine is the one machine that all of it runs on; nil for a cluster with Knative.
	Machine *Machine
	// GitHub says who to be on GitHub, in place of what the installation says.
	GitHub github.Environment
	// Credentials open the bucket, in place of those of the installation.
	Credentials blob.Credentials
	// BuildKubeconfig is a file with a context for each further build cluster.
	BuildKubeconfig string
	// Progress is told, once, the name of a check that takes long; nil for nobody.
	Progress func(check string)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Machine is what is known of a machine that `cutwater up` runs.
type Machine struct {
	// Hook, Deck and Forge are URLs: of functions and of its GitHub.
	Hook, Deck, Forge string
	// Bucket is the URL of its bucket.
	Bucket string
	// ConfigMaps is the folder with a folder for each ConfigMap.
	ConfigMaps string
}

// slow is how long a check may take until somebody is told.
const slow = 3 * time.Second

// check is one thing to look at.
type check struct {
	name string
	// run finds out; what it finds gets the check's name.
	run func(context.Context, *patient) []Finding
	// knative says that it is about what only a cluster with Knative has.
	knative bool
	// around says that it is about what is outside of the installation's namespace.
	around bool
}

// all lists the checks in the order in which they are told.
func all() []check {
	return []check{
		{name: "rights", run: checkRights, around: true},
		{name: "ProwJob", run: checkProwJob, around: true},
		{name: "Knative Serving", run: checkServing, knative: true, around: true},
		{name: "Knative Eventing", run: checkEventing, knative: true, around: true},
		{name: "ingress", run: checkIngress, knative: true},
		{name: "namespaces", run: checkNamespaces, around: true},
		{name: "settings", run: checkSettings, knative: true},
		{name: "configuration", run: checkConfiguration},
		{name: "secrets", run: checkSecrets, knative: true},
		{name: "functions", run: checkFunctions},
		{name: "broker", run: checkBroker, knative: true},
		{name: "triggers", run: checkTriggers, knative: true},
		{name: "sources", run: checkSources, knative: true},
		{name: "controller", run: checkController, knative: true},
		{name: "leases", run: checkLeases},
		{name: "bucket", run: checkBucket},
		{name: "GitHub", run: checkGitHub},
		{name: "build clusters", run: checkBuildClusters},
	}
}

// Examine runs all checks.
func Examine(ctx context.Context, o Options) Report {
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	server := check{name: "API server", run: checkServer, around: true}
	p, err := newPatient(o)
	if err != nil {
		return Report{[]Finding{{Check: server.name, Level: Problem, Message: err.Error()}}}
	}
	defer p.close()
	found := p.one(ctx, server)
	if !p.reached {
		for _, c := range all() {
			found = append(found, Finding{Check: c.name, Level: NotChecked, Message: "the API server does not answer"})
		}
		return Report{found}
	}
	p.look(ctx)
	results := make([][]Finding, len(all()))
	var work sync.WaitGroup
	for i, c := range all() {
		work.Go(func() { results[i] = p.one(ctx, c) })
	}
	work.Wait()
	for _, result := range results {
		found = append(found, result...)
	}
	found = append(found, p.one(ctx, check{name: "clocks", run: checkClocks, around: true})...)
	return Report{found}
}

// one runs a check within its time.
func (p *patient) one(ctx context.Context, c check) []Finding {
	if c.knative && p.Machine != nil {
		return []Finding{{Check: c.name, Level: NotChecked, Message: "this is one machine, where `cutwater up` does what Knative does"}}
	}
	if !c.around && p.homeless() {
		return []Finding{{Check: c.name, Level: NotChecked, Message: "the namespace " + p.Namespace + " is not there"}}
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	tell := time.AfterFunc(slow, func() { p.Progress(c.name) })
	defer tell.Stop()
	found := c.run(ctx, p)
	for i := range found {
		found[i].Check = c.name
	}
	return found
}

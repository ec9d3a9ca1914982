// SPDX-License-Identifier: Apache-2.0

// Package bench measures the whole system: how long webhooks, comments and
// results take, how fast programs start, and how much memory they keep. Each
// benchmark does a fixed amount of work once, so run it with -benchtime=1x, on
// a quiet machine; `make bench BENCH=...` does. What one package can measure
// alone is beside that package: BenchmarkPods1000 in controllers,
// BenchmarkTestAll in functions/plugins, BenchmarkHook in functions/hook.
package bench

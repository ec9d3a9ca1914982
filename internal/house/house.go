// SPDX-License-Identifier: Apache-2.0

// Package house holds the rules of the project that a program can check, as
// tests: which way imports point, what a file begins with, how long things may
// get. `make check` runs them; DEVELOPMENT.md explains them.
package house

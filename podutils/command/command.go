// SPDX-License-Identifier: Apache-2.0

// Package command is what all pod utilities have in common as programs: they
// read their options from one environment variable or, where that is not set,
// from flags, and they log JSON lines.
//
// It imports nothing but the standard library, since entrypoint is copied into
// every test container and has to stay small.
package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Exit codes of the utilities.
const (
	OK     = 0
	Failed = 1
)

// Process is what a program is started with.
type Process struct {
	// Args are the arguments, without the program's name.
	Args []string
	// Env looks up an environment variable.
	Env            func(name string) (value string, ok bool)
	Stdout, Stderr io.Writer
}

// OS is this process.
func OS() Process {
	return Process{Args: os.Args[1:], Env: os.LookupEnv, Stdout: os.Stdout, Stderr: os.Stderr}
}

// Load fills options, which flags were made to set, from the environment
// variable that holds them as JSON. Only where there is none the flags count.
func (p Process) Load(variable string, options any, flags *flag.FlagSet) error {
	if text, ok := p.Env(variable); ok {
		if err := json.Unmarshal([]byte(text), options); err != nil {
			return fmt.Errorf("reading %s: %w", variable, err)
		}
		return nil
	}
	return flags.Parse(p.Args)
}

// Flags is a set of flags that prints, for --help, what the program does, how it
// is called, and that the variable makes it ignore them.
func (p Process) Flags(name, about, arguments, variable string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(p.Stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(flags.Output(), "%s %s\n\nUsage: %s [flags]%s\n\nWhere the environment variable %s is set, its JSON is used and all flags are ignored.\n\nFlags:\n",
			name, about, name, arguments, variable)
		flags.PrintDefaults()
	}
	return flags
}

// IsHelp tells whether Load's error only says that help was asked for, and given.
func IsHelp(err error) bool { return errors.Is(err, flag.ErrHelp) }

// Strings is a flag that may be given more than once.
type Strings struct{ Values *[]string }

// String implements flag.Value.
func (s Strings) String() string {
	if s.Values == nil {
		return ""
	}
	return fmt.Sprint(*s.Values)
}

// Set implements flag.Value.
func (s Strings) Set(value string) error {
	*s.Values = append(*s.Values, value)
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Command tool is the only program of the image that the node's tests pull. It
// performs its arguments, one after the other.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	for _, arg := range os.Args[1:] {
		if err := perform(strings.Split(arg, ":")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

func perform(words []string) error {
	switch words[0] {
	case "id":
		groups, err := os.Getgroups()
		fmt.Println(os.Getuid(), os.Getgid(), groups)
		return err
	case "env":
		fmt.Println(os.Getenv(words[1]))
	case "dir":
		dir, err := os.Getwd()
		fmt.Println(dir)
		return err
	case "cat":
		data, err := os.ReadFile(words[1])
		fmt.Println(strings.TrimSpace(string(data)))
		return err
	case "ls":
		entries, err := os.ReadDir(words[1])
		for _, e := range entries {
			fmt.Print(e.Name(), " ")
		}
		fmt.Println()
		return err
	case "write":
		if err := os.WriteFile(words[1], []byte(words[2]), 0o644); err != nil {
			fmt.Println("not written")
		}
	case "eat":
		// More than the test's limit.
		var eaten [][]byte
		for range 512 {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			eaten = append(eaten, b)
		}
		fmt.Println(len(eaten))
	default:
		return fmt.Errorf("unknown: %v", words)
	}
	return nil
}

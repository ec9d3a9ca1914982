// SPDX-License-Identifier: Apache-2.0

// Package buildid gives runs their numbers: decimal strings, unique and, for
// one job, increasing. They are snowflakes (time, node and a counter in 63
// bits), unless a tot, Prow's counter service, hands them out.
package buildid

import (
	"context"
	"fmt"

	"github.com/bwmarrin/snowflake"
)

// node is the snowflake node that Prow uses. Only a leader gives numbers, so that one is enough.
const node = 1

// Snowflake makes build IDs by itself.
type Snowflake struct {
	node *snowflake.Node
}

// NewSnowflake returns a source of build IDs that asks nobody.
func NewSnowflake() (*Snowflake, error) {
	n, err := snowflake.NewNode(node)
	if err != nil {
		return nil, fmt.Errorf("making a source of build IDs: %w", err)
	}
	return &Snowflake{node: n}, nil
}

// Next returns a new build ID; the job does not matter.
func (s *Snowflake) Next(context.Context, string) (string, error) {
	return s.node.Generate().String(), nil
}

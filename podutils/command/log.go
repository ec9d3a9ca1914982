// SPDX-License-Identifier: Apache-2.0

package command

import (
	"io"
	"log/slog"
	"strings"
)

// Logger writes JSON lines with the keys that readers of Prow's logs know:
// component, level, severity, msg, error, time.
func Logger(component string, w io.Writer, level slog.Level) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			level, ok := a.Value.Any().(slog.Level)
			if len(groups) > 0 || !ok {
				return a
			}
			name := levelName(level)
			return slog.Attr{Value: slog.GroupValue(slog.String("level", name), slog.String("severity", name))}
		},
	})
	return slog.New(handler).With("component", component)
}

func levelName(level slog.Level) string {
	if level == slog.LevelWarn {
		return "warning"
	}
	return strings.ToLower(level.String())
}
